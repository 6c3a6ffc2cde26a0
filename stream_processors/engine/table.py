"""The rows of one table in one source partition."""

from collections.abc import Callable, Iterator
from typing import Generic

from stream_processors.engine.agenda import Agenda
from stream_processors.engine.ranking import Ranking
from stream_processors.engine.table_spec import Row, TableSpec

KeyValue = tuple[bytes | None, bytes | None]
"""A Kafka record; without a value it is a tombstone."""


class Table(Generic[Row]):
    """Rows by key: as bytes once committed, as objects while they are worked on.

    A row is one object from its first touch until it has not been touched for two `rotate` calls; at rest it
    is bytes only. `committed` is what the last committed transaction left: what a live read may show.
    """

    def __init__(self, spec: TableSpec[Row], committed: dict[str, bytes]) -> None:
        self.spec = spec
        self.committed = committed
        self._in_flight: dict[str, bytes | None] = {}
        self._hot: dict[str, Row] = {}
        self._warm: dict[str, Row] = {}
        self._changed: dict[str, None] = {}
        self._removed: dict[str, None] = {}
        self.ranking = Ranking() if spec.rank is None else Ranking(_ranks(spec.rank, committed))
        self.agenda = Agenda(_appointments(spec, committed))
        self._total: int | None = None

    def get(self, key: str) -> Row | None:
        """The row as of the last applied record; None where there is none."""
        if key in self._removed:
            return None
        row = self._hot.get(key)
        if row is None:
            row = self._warm.pop(key, None)
            if row is None:
                packed = self._in_flight[key] if key in self._in_flight else self.committed.get(key)
                if packed is None:
                    return None
                row = self.spec.unpack(packed)
            self._hot[key] = row
        return row

    def put(self, key: str, row: Row) -> None:
        """Note that the row was changed, or is new."""
        self._hot[key] = row
        self._changed[key] = None
        self._removed.pop(key, None)

    def remove(self, key: str) -> None:
        """Forget the row: its changelog gets a tombstone, its public topic nothing."""
        self._hot.pop(key, None)
        self._warm.pop(key, None)
        self._changed.pop(key, None)
        self._removed[key] = None

    @property
    def unpacked(self) -> int:
        """How many rows are held as objects, which take many times the memory of their bytes."""
        return len(self._hot) + len(self._warm)

    @property
    def has_changes(self) -> bool:
        return bool(self._changed or self._removed)

    def take_changes(self) -> tuple[list[KeyValue], list[KeyValue]]:
        """What the changelog and the public topic are to be told: each changed row, oldest change first.

        They are in flight from then on. A removed row gets a tombstone, in the changelog only.
        """
        changelog: list[KeyValue] = []
        public: list[KeyValue] = []
        pack, publish = self.spec.pack, self.spec.publish
        for key in self._changed:
            row, written_key = self._hot[key], key.encode()
            packed = self._in_flight[key] = pack(row)
            changelog.append((written_key, packed))
            told = publish(key, row)
            if told is not None:
                public.append((written_key, told))
        for key in self._removed:
            self._in_flight[key] = None
            changelog.append((key.encode(), None))
        self._changed.clear()
        self._removed.clear()
        return changelog, public

    def take_back(self) -> None:
        """Undo every change since `take_changes`, also those nobody told of by `put`."""
        for key in self._changed | self._removed:
            self.agenda.schedule(key, 0)  # whatever was taken off the agenda for it is to be looked at again
        self._hot, self._warm = {}, {}
        self._changed.clear()
        self._removed.clear()

    def landed(self) -> None:
        """The transaction that carried the rows in flight is committed."""
        for key, packed in self._in_flight.items():
            if self._total is not None:
                self._total += self._counted(packed) - self._counted(self.committed.get(key))
            if packed is None:
                self.committed.pop(key, None)
                self.ranking.drop(key)
            else:
                self.committed[key] = packed
                if self.spec.rank is not None:
                    due = None if self.spec.due is None else self.spec.due(packed)
                    self.rank(key, self.spec.rank(packed), due)
        self._in_flight = {}

    @property
    def total(self) -> int:
        """The sum of all committed rows' counts; once asked for, it is kept as rows land."""
        if self._total is None:
            self._total = sum(map(self.spec.count, self.committed.values()))
        return self._total

    def _counted(self, packed: bytes | None) -> int:
        return 0 if packed is None else self.spec.count(packed)

    def rank(self, key: str, rank: float, due: int | None) -> None:
        """Put the row in its place among the others; look at it again when it is `due` (epoch ms)."""
        self.ranking.place(key, rank)
        if due is not None:
            self.agenda.schedule(key, due)

    def rotate(self) -> None:
        """Let go of the row objects that nobody touched since the rotation before; their bytes stay.

        Does nothing while rows are changed but not taken: their bytes are not written yet.
        """
        if not self._changed:
            self._warm, self._hot = self._hot, {}


def _appointments(spec: TableSpec[Row], committed: dict[str, bytes]) -> dict[str, int]:
    due = spec.due
    if due is None:
        return {}
    return {key: at for key, packed in committed.items() if (at := due(packed)) is not None}


def _ranks(rank: Callable[[bytes], float], committed: dict[str, bytes]) -> Iterator[tuple[str, float]]:
    for key, packed in committed.items():
        yield key, rank(packed)
