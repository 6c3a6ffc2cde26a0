"""When an event happened, by two clocks of which one may be wrong."""

from typing import Literal

from schemas import limits
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent

TimeSource = Literal["client", "client_corrected", "clamped", "server"]
"""How `occurred_at` came about."""


def occurred_at(client_time: int | None, sent_at: int | None, received_at: int) -> tuple[int, TimeSource]:
    """The event's time in epoch milliseconds, and its source. All arguments are epoch milliseconds.

    The client's clock is corrected by the difference between its `sent_at` and our `received_at`, but only
    where that is more than a request's way can take. Raises InvalidEvent (too_old).
    """
    if client_time is None:
        return received_at, "server"
    offset = 0 if sent_at is None else received_at - sent_at
    corrected = abs(offset) > limits.CLOCK_SKEW_THRESHOLD_MS
    time = client_time + offset if corrected else client_time
    if time > received_at + limits.FUTURE_TOLERANCE_MS:
        return received_at, "clamped"
    if time < received_at - limits.MAX_EVENT_AGE_MS:
        raise InvalidEvent(
            Reason.TOO_OLD,
            f"the event is {(received_at - time) // 3_600_000} hours old;"
            f" at most {limits.MAX_EVENT_AGE_MS // 3_600_000} are taken",
        )
    return time, "client_corrected" if corrected else "client"
