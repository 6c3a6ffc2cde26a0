"""Times by two clocks."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_gateway.enrichment.clock import BatchClock, TimeSource
from schemas.limits import MAX_EVENT_AGE_MS
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent

NOW = 1_772_366_400_000
MINUTE = 60_000
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("client_time", "sent_at", "expected"),
    [
        (None, None, (NOW, "server")),
        (NOW - 5_000, None, (NOW - 5_000, "client")),
        (NOW - 5_000, NOW - 4 * MINUTE, (NOW - 5_000, "client")),
        (NOW - HOUR - 5_000, NOW - HOUR, (NOW - 5_000, "client_corrected")),
        (NOW + HOUR - 5_000, NOW + HOUR, (NOW - 5_000, "client_corrected")),
        (5_000, 10_000, (NOW - 5_000, "client_corrected")),
        (NOW + 5 * MINUTE, None, (NOW + 5 * MINUTE, "client")),
        (NOW + 5 * MINUTE + 1, None, (NOW, "clamped")),
        (NOW + HOUR, NOW, (NOW, "clamped")),
        (NOW - MAX_EVENT_AGE_MS, None, (NOW - MAX_EVENT_AGE_MS, "client")),
    ],
)
def test_a_wrong_clock_is_corrected_and_transit_is_not(
    client_time: int | None, sent_at: int | None, expected: tuple[int, TimeSource]
) -> None:
    assert BatchClock(sent_at, NOW).occurred_at(client_time) == expected


def test_an_event_older_than_two_days_is_rejected() -> None:
    with pytest.raises(InvalidEvent, match="48 hours old") as caught:
        BatchClock(None, NOW).occurred_at(NOW - MAX_EVENT_AGE_MS - 1)
    assert caught.value.reason is Reason.TOO_OLD


_TIMES = st.none() | st.integers(0, 2**47)


@given(_TIMES, _TIMES)
def test_no_accepted_time_lies_outside_the_window(client_time: int | None, sent_at: int | None) -> None:
    with suppress(InvalidEvent):
        time, _ = BatchClock(sent_at, NOW).occurred_at(client_time)
        assert NOW - MAX_EVENT_AGE_MS <= time <= NOW + 5 * MINUTE
