"""Answers to questions about sessions, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stream_processors.engine.table import Table
from stream_processors.live.answers import Gone, NotHere, readable
from stream_processors.sessions.figures import figures
from stream_processors.sessions.row import glance, unpack

TIMES = ("started_at", "ended_at")


@dataclass(frozen=True, slots=True)
class LiveSessions:
    """Reads committed rows. `tables` gives a partition's tables, None where this worker has it not."""

    tables: Callable[[int], Sequence[Table[Any]] | None]
    home_partition: Callable[[str], int]
    partitions: int
    generation: int = 0

    def session(self, session_id: str) -> Mapping[str, Any] | None:
        """The session's figures, times in ISO 8601; None where there is no such session.

        Raises NotHere, or Gone where the session has left memory.
        """
        tables = self.tables(self.home_partition(session_id))
        if tables is None:
            raise NotHere
        packed = tables[0].committed.get(session_id)
        if packed is None:
            return None
        if glance(packed).evicted:
            raise Gone
        return readable(figures(session_id, unpack(packed), self.generation), TIMES)

    def summary(self) -> Mapping[str, Any]:
        """The share of this worker: its partitions, and of these the sessions and their human events."""
        held = {number: tables[0] for number in range(self.partitions) if (tables := self.tables(number))}
        return {
            "partitions": sorted(held),
            "sessions": sum(len(table.committed) for table in held.values()),
            "events": sum(table.total for table in held.values()),
        }


def merged(shares: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The shares of all workers as one answer."""
    return {name: sum(share[name] for share in shares) for name in ("sessions", "events")}
