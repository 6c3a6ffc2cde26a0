"""When a session closes, leaves memory, is forgotten; and when an event comes too late for it.

What becomes of an event is told in the partition's own time: the watermark, the largest arrival time seen on
it. So the same log always gives the same verdicts, however long ago it was written. Only closing may also
follow the wall clock, on a partition where nothing comes any more: it changes no figure, and can be undone.
"""

from typing import Final

from schemas import limits
from stream_processors.sessions.row import SessionRow, age

FORGET_MS: Final = 30 * 24 * 3_600_000
"""As long as the `sessions` topic keeps a row that no longer changes."""


def is_late(occurred_at: int, watermark: int) -> bool:
    """Whether an event lies behind the live horizon (epoch ms both)."""
    return occurred_at < watermark - limits.LATE_HORIZON_MS


def is_past(row: SessionRow, watermark: int) -> bool:
    """Whether the row can take no further event: it was evicted, or may be at any moment."""
    return row.evicted or row.last_received < watermark - limits.LATE_HORIZON_MS


def next_look(last_received: int, closed: bool, evicted: bool) -> int:
    """When something is next to be done about a row: close it, evict it, forget it."""
    if evicted:
        return last_received + FORGET_MS
    return last_received + (limits.LATE_HORIZON_MS if closed else limits.SESSION_TIMEOUT_MS) + 1


_WAITS: Final = tuple(next_look(0, closed, evicted) for evicted in (False, True) for closed in (False, True))


def due(packed: bytes) -> int:
    """The same, of a packed row. A takeover asks it of every row there is."""
    state, last_received = age(packed)
    return last_received + _WAITS[state]


def is_forgotten(row: SessionRow, watermark: int) -> bool:
    """Whether it is as if the row had never been, whether or not it was removed yet."""
    return row.events > 0 and row.last_received + FORGET_MS <= watermark


def grow_old(row: SessionRow, now: int, watermark: int) -> bool | None:
    """Close the row in place where its time has come by `now`, evict it where it has by the watermark.

    True: it changed. False: not yet. None: it is to be forgotten altogether.
    """
    if next_look(row.last_received, row.closed, row.evicted) > (watermark if row.closed else now):
        return False
    if row.evicted:
        return None
    if row.closed:
        row.evicted = True
    row.closed = True
    return True
