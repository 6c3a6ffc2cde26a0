"""Answers to questions about sessions, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stream_processors.engine.table import Table
from stream_processors.sessions.agent import GENERATION
from stream_processors.sessions.figures import figures
from stream_processors.sessions.row import events_of, unpack

TIMES = ("started_at", "ended_at")


class NotHere(Exception):
    """This worker cannot tell now: the partition is another's, or its rows are still being loaded."""


@dataclass(frozen=True, slots=True)
class LiveSessions:
    """Reads committed rows. `tables` gives a partition's tables, None where this worker has it not."""

    tables: Callable[[int], Sequence[Table[Any]] | None]
    home_partition: Callable[[str], int]
    partitions: int

    def session(self, session_id: str) -> Mapping[str, Any] | None:
        """The session's figures, times in ISO 8601; None where there is no such session. Raises NotHere."""
        tables = self.tables(self.home_partition(session_id))
        if tables is None:
            raise NotHere
        packed = tables[0].committed.get(session_id)
        if packed is None:
            return None
        row = figures(session_id, unpack(packed), GENERATION)
        return row | {name: _iso(row[name]) for name in TIMES}

    def summary(self) -> Mapping[str, int]:
        """Sessions and human events over this worker's partitions. Raises NotHere while it has none."""
        held = [tables[0] for number in range(self.partitions) if (tables := self.tables(number))]
        if not held:
            raise NotHere
        return {
            "partitions": len(held),
            "sessions": sum(len(table.committed) for table in held),
            "events": sum(events_of(packed) for table in held for packed in table.committed.values()),
        }


def _iso(epoch_ms: int) -> str:
    return (
        datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
