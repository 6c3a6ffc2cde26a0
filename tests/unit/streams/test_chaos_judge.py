"""The judge of the chaos run can fail: its script has what it is to test, and a wrong `closed` is seen."""

from typing import Any

import pytest

from tests.chaos.load import Script
from tests.oracle.lifetimes import DAY, HOUR, MINUTE, Closing, History, history
from tests.oracle.sessions import expected_sessions
from tests.streams_pipeline import differing, home_of_session
from tests.unit.streams.events import interaction

NOW = 1_800_000_000_000


@pytest.fixture(scope="module")
def told() -> History:
    return history(Script(4, 20_000, NOW).sent(), home_of_session)


def test_the_script_has_sessions_of_every_fate(told: History) -> None:
    partitions = {session: home_of_session(session) for session in told.sessions}
    evicted = [session for session, number in partitions.items() if told.is_evicted(session, number)]
    closing = [told.closing(session, number, NOW + 10 * MINUTE) for session, number in partitions.items()]
    assert len(evicted) > 50
    assert told.reopened > 50
    assert told.forgotten > 5
    assert told.late > 200
    assert sum(one.must for one in closing) > 50
    assert sum(not one.may for one in closing) > 50, "of the last minutes: nothing may close them"


def test_the_scripts_partitions_are_never_ahead_of_the_clock(told: History) -> None:
    assert max(told.time.values()) <= NOW
    assert len(told.time) == 8


def of_session(at: int, **more: Any) -> dict[str, Any]:
    return interaction(received_at=at, occurred_at=at, **more)


def fate(*log: dict[str, Any]) -> tuple[int, int, int, int]:
    """Counted, late, reopened, forgotten."""
    told = history(log, lambda _session: 0)
    return len(told.counted), told.late, told.reopened, told.forgotten


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        (30 * MINUTE, (2, 0, 0, 0)),
        (30 * MINUTE + 1, (2, 0, 1, 0)),
        (72 * HOUR, (2, 0, 1, 0)),
        (72 * HOUR + 1, (1, 1, 0, 0)),
        (30 * DAY - 1, (1, 1, 0, 0)),
        (30 * DAY, (2, 0, 0, 1)),
    ],
)
def test_a_second_event_after_a_pause(pause: int, expected: tuple[int, ...]) -> None:
    first, second = of_session(NOW, event_id="a"), of_session(NOW + pause, event_id="b")
    assert fate(first, second) == expected


@pytest.mark.parametrize(
    ("closed", "closing", "right"),
    [
        (True, Closing(must=True, may=True), True),
        (False, Closing(must=True, may=True), False),
        (True, Closing(must=False, may=True), True),
        (False, Closing(must=False, may=True), True),
        (True, Closing(must=False, may=False), False),
        (False, Closing(must=False, may=False), True),
    ],
)
def test_a_session_closed_too_soon_or_not_at_all_is_a_difference(
    closed: bool, closing: Closing, right: bool
) -> None:
    (session, row), *_ = expected_sessions([interaction()]).items()
    found = row | {"closed": closed, "revision": row["revision"] + closed}
    lines = differing("sessions", {session: row}, {session: found}, {session: closing})
    assert (lines == []) is right
