"""Which days of interaction_events have a partition of their own, and which need one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

from schemas.topics import DAY_MS
from sinks.batch import Contents
from sinks.tables import RAW_EVENTS
from sinks.transaction import Connection

OLDEST_DAYS = 35
"""The topic's retention and the oldest event it can hold. Anything older goes to the DEFAULT partition."""

AHEAD_DAYS = 7
EPOCH = date(1970, 1, 1)


def days_to_make(event_days: set[int], known: set[int], today: int) -> tuple[int, int] | None:
    """First and last day (days since 1970) to ask partitions for, or None where all have theirs.

    Today's coming up brings the days ahead with it, so that midnight finds its partition made.
    """
    wanted = {day for day in event_days if today - OLDEST_DAYS <= day <= today + AHEAD_DAYS}
    wanted.update((today, today + 1))
    missing = wanted - known
    if not missing:
        return None
    last = max(missing)
    return min(missing), today + AHEAD_DAYS if last >= today else last


class DaysWithPartitions:
    """Remembers what was made, and has the database make the rest (`ensure_event_partitions`)."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        (self._when,) = RAW_EVENTS.places("occurred_at")

    def ensure(
        self, contents: Contents, transaction: Callable[[], AbstractContextManager[Connection]]
    ) -> None:
        """Partitions for all days of the flush's events and some days ahead, in a transaction of its own."""
        rows = contents.rows.get(RAW_EVENTS.name, ())
        today = (datetime.now(UTC).date() - EPOCH).days
        span = days_to_make({staged.row[self._when] // DAY_MS for staged in rows}, self._known, today)
        if span is None:
            return
        first, last = span
        with transaction() as connection:
            days = (EPOCH + timedelta(days=first), EPOCH + timedelta(days=last))
            connection.execute("SELECT ensure_event_partitions(%s, %s)", days)
        self._known.update(range(first, last + 1))

    def forget(self) -> None:
        """On a new connection: the database may be another one now."""
        self._known.clear()
