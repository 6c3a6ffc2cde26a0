"""What was read since the last flush, and from where to where. Plain values, no I/O, time handed in."""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from sinks.record import End, Partition, Record, Rejection, Staged
from sinks.tables import Keep, Table

POSITIONS_AFTER_S = 60.0
"""How long an offset may move without a row behind it before it is saved all the same."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A batch is flushed at this many records, this many bytes, or this long after its first record."""

    records: int = 5_000
    bytes: int = 16 * 1024 * 1024
    linger_s: float = 0.25


class Move(NamedTuple):
    """How far a flush takes one partition. `expected` is where the database must find it."""

    source: Partition
    expected: int
    next: int


@dataclass(slots=True)
class Contents:
    """The rows of a flush by table, and what cannot be stored."""

    rows: dict[str, list[Staged]] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)
    """Rows left out, by table: their key was there earlier in this flush, or comes newer in it."""

    def staged(self) -> list[Staged]:
        """All rows, table after table."""
        return [staged for rows in self.rows.values() for staged in rows]

    def only(self, chosen: Collection[Staged]) -> "Contents":
        """The same flush with these rows and no others."""
        keep = {(staged.record.source, staged.record.offset) for staged in chosen}
        rows = {
            table: [staged for staged in rows if (staged.record.source, staged.record.offset) in keep]
            for table, rows in self.rows.items()
        }
        return Contents(rows, [], self.moves)


class Batch:
    """Fills up until it is due. It takes records of the partitions it was begun with, each one once."""

    def __init__(self, tables: Collection[Table], limits: Limits) -> None:
        self._newer = {table.name: _newer(table) for table in tables}
        self._limits = limits
        self._stored: dict[Partition, int] = {}
        self._next: dict[Partition, int] = {}
        self._empty(0.0)

    def begin(self, starts: Mapping[Partition, int], now: float) -> None:
        """Forget everything; from here on take these partitions, from these offsets."""
        self._stored = dict(starts)
        self._next = dict(starts)
        self._empty(now)

    def drop(self) -> None:
        """Forget everything and take nothing: the partitions are gone, or their offsets are in doubt."""
        self.begin({}, 0.0)

    def wants(self, record: Record) -> bool:
        """False for a record of another's partition, or one that was taken before."""
        position = self._next.get(record.source)
        return position is not None and record.offset >= position

    def add(self, record: Record, read: Staged | Rejection | None, now: float) -> None:
        """Take a record with what it was read as, and move its partition's position behind it."""
        if self._records == 0:
            self._opened = now
        self._records += 1
        self._bytes += len(record.value or b"")
        self._next[record.source] = record.offset + 1
        if isinstance(read, Staged):
            self._place(read)
        elif isinstance(read, Rejection):
            self._contents.rejections.append(read)

    def reached(self, end: End) -> None:
        """Note that a partition was read up to its end."""
        if end.offset > self._next.get(end.source, end.offset):
            self._next[end.source] = end.offset

    def due(self, now: float) -> bool:
        """Whether to flush: full, or its oldest record has waited long enough."""
        if self._records:
            return self.full or now - self._opened >= self._limits.linger_s
        return now - self._opened >= POSITIONS_AFTER_S and self._next != self._stored

    @property
    def full(self) -> bool:
        return self._records >= self._limits.records or self._bytes >= self._limits.bytes

    @property
    def records(self) -> int:
        """How many records wait."""
        return self._records

    @property
    def unsaved(self) -> bool:
        """Whether a flush would store anything at all, offsets included."""
        return self._next != self._stored

    @property
    def positions(self) -> Mapping[Partition, int]:
        """The offset to read next, by partition."""
        return self._next

    def contents(self) -> Contents:
        """What a flush must store. The batch keeps it until `stored` or `drop`."""
        self._contents.rows = {table: list(rows.values()) for table, rows in self._rows.items() if rows}
        self._contents.moves = [
            Move(source, self._stored[source], position)
            for source, position in sorted(self._next.items())
            if position != self._stored[source]
        ]
        return self._contents

    def stored(self, now: float) -> None:
        """The flush is committed: begin the next one where it ended."""
        self._stored = dict(self._next)
        self._empty(now)

    def _place(self, staged: Staged) -> None:
        rows = self._rows[staged.table]
        before = rows.get(staged.identity)
        if before is None:
            rows[staged.identity] = staged
            return
        self._contents.repeated[staged.table] += 1
        newer = self._newer[staged.table]
        if newer is not None and newer(staged.row) > newer(before.row):
            rows[staged.identity] = staged

    def _empty(self, now: float) -> None:
        self._rows: dict[str, dict[Hashable, Staged]] = {table: {} for table in self._newer}
        self._contents = Contents()
        self._records = 0
        self._bytes = 0
        self._opened = now


def _newer(table: Table) -> "itemgetter[tuple[int, int]] | None":
    """Reads a row's version; None where the first row stays whatever comes."""
    if table.keep is Keep.FIRST:
        return None
    return itemgetter(*table.places("generation", "revision"))
