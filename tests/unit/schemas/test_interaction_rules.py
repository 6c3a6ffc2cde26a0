"""What the gateway keeps to is asked of every interaction again: one may have come by another way."""

import pytest

from schemas.interaction import check_interaction
from schemas.limits import FUTURE_TOLERANCE_MS, LATEST_TIME_MS
from schemas.storable import InvalidRecord
from tests.unit.sinks.records import interaction

ARRIVED = interaction()["received_at"]


@pytest.mark.parametrize("ahead_ms", [-1, 0, FUTURE_TOLERANCE_MS])
def test_an_event_may_be_as_far_ahead_of_its_arrival_as_the_gateway_takes_it(ahead_ms: int) -> None:
    check_interaction(interaction(occurred_at=ARRIVED + ahead_ms))


@pytest.mark.parametrize("occurred_at", [ARRIVED + FUTURE_TOLERANCE_MS + 1, LATEST_TIME_MS])
def test_an_event_from_the_future_is_refused(occurred_at: int) -> None:
    """It would push every real hour out of its perfume's windows, for years."""
    with pytest.raises(InvalidRecord, match="occurred_at"):
        check_interaction(interaction(occurred_at=occurred_at))
