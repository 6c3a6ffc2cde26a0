"""When an event happened, by two clocks of which one may be wrong."""

from typing import Literal

from schemas import limits
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent

TimeSource = Literal["client", "client_corrected", "clamped", "server"]
"""How `occurred_at` came about."""


class BatchClock:
    """Puts the times of one batch right. All times are epoch milliseconds.

    The client's clock is corrected by the difference between the batch's `sent_at` and our `received_at`, but
    only where that is more than a request's way can take.
    """

    def __init__(self, sent_at: int | None, received_at: int) -> None:
        offset = 0 if sent_at is None else received_at - sent_at
        self.received_at = received_at
        self._corrected = abs(offset) > limits.CLOCK_SKEW_THRESHOLD_MS
        self._correction = offset if self._corrected else 0
        self._latest = received_at + limits.FUTURE_TOLERANCE_MS
        self._earliest = received_at - limits.MAX_EVENT_AGE_MS

    def occurred_at(self, client_time: int | None) -> tuple[int, TimeSource]:
        """An event's time, and its source. Raises InvalidEvent (too_old)."""
        if client_time is None:
            return self.received_at, "server"
        time = client_time + self._correction if self._corrected else client_time
        if time > self._latest:
            return self.received_at, "clamped"
        if time < self._earliest:
            raise InvalidEvent(
                Reason.TOO_OLD,
                f"the event is {(self.received_at - time) // 3_600_000} hours old;"
                f" at most {limits.MAX_EVENT_AGE_MS // 3_600_000} are taken",
            )
        return time, "client_corrected" if self._corrected else "client"
