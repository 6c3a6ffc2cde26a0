"""Times as clients write them, to epoch milliseconds."""

from datetime import UTC, datetime, timedelta
from typing import Final

from schemas.reasons import Reason
from schemas.rejection import InvalidEvent, shown

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS: Final = 86_400_000
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
"""The end of the year 9999: what Python, PostgreSQL and Avro readers can all name."""


_from_iso_8601: Final = datetime.fromisoformat


def epoch_ms(name: str, value: str | float | None) -> int | None:
    """Epoch milliseconds of ISO 8601 with a zone, or of epoch milliseconds; fractions are cut.

    Raises InvalidEvent (invalid_timestamp) for anything else, and for times before 1970 or past 9999.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            since = _from_iso_8601(value) - _EPOCH
            time = since.days * _DAY_MS + since.seconds * 1_000 + since.microseconds // 1_000
        else:
            time = int(value)
    except (ValueError, OverflowError, TypeError):  # the last one for a time without a zone
        time = -1
    if not 0 <= time <= _LAST:
        raise InvalidEvent(
            Reason.INVALID_TIMESTAMP,
            f"{name} is {shown(value)}; expected ISO 8601 with a zone, or epoch milliseconds, from 1970 on",
        )
    return time
