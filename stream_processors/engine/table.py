"""The rows of one table in one source partition."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.topics import Topic

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class TableSpec(Generic[Row]):
    """What a table holds and where it goes.

    `publish` gives the row's public bytes; both topics have the source's key and number of partitions.
    """

    name: str
    changelog: Topic
    public: Topic
    new: Callable[[], Row]
    pack: Callable[[Row], bytes]
    unpack: Callable[[bytes], Row]
    publish: Callable[[str, Row], bytes]


class Table(Generic[Row]):
    """Rows by key: as bytes once committed, as objects while they are worked on.

    A row is one object from its first touch until it has not been touched for two `rotate` calls; at rest it
    is bytes only. `committed` is what the last committed transaction left: what a live read may show.
    """

    def __init__(self, spec: TableSpec[Row], committed: dict[str, bytes]) -> None:
        self.spec = spec
        self.committed = committed
        self._in_flight: dict[str, bytes] = {}
        self._hot: dict[str, Row] = {}
        self._warm: dict[str, Row] = {}
        self._changed: set[str] = set()

    def get(self, key: str) -> Row | None:
        """The row as of the last applied record; None where there is none."""
        row = self._hot.get(key)
        if row is None:
            row = self._warm.pop(key, None)
            if row is None:
                packed = self._in_flight.get(key) or self.committed.get(key)
                if packed is None:
                    return None
                row = self.spec.unpack(packed)
            self._hot[key] = row
        return row

    def put(self, key: str, row: Row) -> None:
        """Note that the row was changed, or is new."""
        self._hot[key] = row
        self._changed.add(key)

    @property
    def has_changes(self) -> bool:
        return bool(self._changed)

    def take_changes(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Key, changelog bytes and public bytes of each changed row; they are in flight from then on.

        To be read to its end without anything else touching the table.
        """
        for key in sorted(self._changed):
            row = self._hot[key]
            packed = self._in_flight[key] = self.spec.pack(row)
            yield key, packed, self.spec.publish(key, row)
        self._changed.clear()

    def landed(self) -> None:
        """The transaction that carried the rows in flight is committed."""
        self.committed.update(self._in_flight)
        self._in_flight = {}

    def rotate(self) -> None:
        """Let go of the row objects that nobody touched since the rotation before; their bytes stay.

        Does nothing while rows are changed but not taken: their bytes are not written yet.
        """
        if not self._changed:
            self._warm, self._hot = self._hot, {}
