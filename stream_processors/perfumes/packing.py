"""How a row becomes changelog bytes: a header, and msgpack of the rest.

Header, big-endian: version (1 byte), events (8), rank (8, a double), due (8, epoch ms; 0: never).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import msgpack

from stream_processors.errors import UnreadableRow

_HEADER = struct.Struct(">BQdQ")
_packer: Final = msgpack.Packer()
"""Made once: each has a buffer of its own."""


class Counted(Protocol):
    """A row that knows how many events made it."""

    events: int


Row = TypeVar("Row", bound=Counted)


@dataclass(frozen=True, slots=True)
class RowFormat(Generic[Row]):
    """One kind of row's bytes. `body` and `restore` are each other's reverse, beside the events.

    A change of either is a new `version`. `rank` is what the rows of the kind are ordered by, if by anything;
    `due` is when that should be looked at again (epoch ms; 0: never).
    """

    kind: str
    version: int
    body: Callable[[Row], list[Any]]
    restore: Callable[[int, list[Any]], Row]
    rank: Callable[[Row], float] = lambda _row: 0.0
    due: Callable[[Row], int] = lambda _row: 0

    def pack(self, row: Row) -> bytes:
        """The row as changelog bytes."""
        packed: bytes = _packer.pack(self.body(row))
        return _HEADER.pack(self.version, row.events, self.rank(row), self.due(row)) + packed

    def unpack(self, data: bytes) -> Row:
        """The row in changelog bytes. Raises UnreadableRow."""
        try:
            version, events, _rank, _due = _HEADER.unpack_from(data)
            if version != self.version:
                raise UnreadableRow(
                    f"{self.kind} row of version {version}; this program reads {self.version}:"
                    " run the version that wrote it"
                )
            return self.restore(events, msgpack.unpackb(data[_HEADER.size :], strict_map_key=False))
        except _NOT_A_ROW as error:
            raise UnreadableRow(f"{len(data)} bytes are not a row of {self.kind}: {error!r}") from error


def rank_of(packed: bytes) -> float:
    """The rank in packed bytes, without unpacking the rest."""
    return float(_HEADER.unpack_from(packed)[2])


def due_of(packed: bytes) -> int | None:
    """When the rank in packed bytes should be looked at again (epoch ms); None: never."""
    return int(_HEADER.unpack_from(packed)[3]) or None


def first_of(packed: bytes, fields: int) -> list[Any]:
    """The first few fields of a packed body, without unpacking the rest."""
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(packed[_HEADER.size :])
    unpacker.read_array_header()
    return [unpacker.unpack() for _ in range(fields)]


_NOT_A_ROW = (ValueError, TypeError, RuntimeError, struct.error, msgpack.UnpackException)
