"""What a folder of segments holds when it is opened: entries that still wait, and damage.

Reads everything, blocks, and changes nothing but to copy damaged bytes aside.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ingest_gateway.spool.frames import Damage, Kind, count, scan, unpack_numbers
from ingest_gateway.spool.segments import Segment, segments_in

DAMAGED: Final = "damaged"
"""Folder for bytes that are no frame, for a person to look at."""


@dataclass(slots=True)
class Stretch:
    """A segment as the ledger keeps it: what in it still waits. No frame in it has a number below `first`."""

    segment: Segment
    first: int
    end: int
    entries: int = 0
    records: int = 0


@dataclass(slots=True)
class Recovered:
    """Content of a spool's folder. `settled`: numbers of entries in it that need not wait any longer."""

    stretches: list[Stretch] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)
    last_number: int = 0
    damaged: list[str] = field(default_factory=list)
    """For each place with bytes that are no frame: where they are kept."""

    @property
    def entries(self) -> int:
        """How many entries wait."""
        return sum(stretch.entries for stretch in self.stretches)

    def forget_all(self) -> None:
        """Remove the segments, where nothing in them waits. Raises OSError."""
        for stretch in self.stretches:
            stretch.segment.path.unlink()
        self.stretches.clear()
        self.settled.clear()


def recover(folder: Path) -> Recovered:
    """Read the folder. Raises OSError."""
    found = Recovered()
    # Whole before any: an entry may be settled by a later segment.
    for stretch, numbers in list(_read(folder, found)):
        for number, records in _pairs(numbers):
            if number not in found.settled:
                stretch.entries += 1
                stretch.records += records
        found.stretches.append(stretch)
    return found


def _read(folder: Path, found: Recovered) -> Iterator[tuple[Stretch, "array[int]"]]:
    """Each segment, and the number and the count of records of each of its entries, one after the other."""
    for segment in segments_in(folder):
        data = segment.read()
        stretch, entries = Stretch(segment, found.last_number + 1, len(data)), array("q")
        for piece in scan(data, segment.marker):
            if isinstance(piece, Damage):
                found.damaged.append(set_aside(folder, segment, piece, data))
                continue
            found.last_number = max(found.last_number, piece.number)
            if piece.kind is Kind.SETTLED:
                found.settled.update(unpack_numbers(piece.payload))
            else:
                entries.extend((piece.number, count(piece.payload)))
        yield stretch, entries


def set_aside(folder: Path, segment: Segment, damage: Damage, data: bytes) -> str:
    """Keep damaged bytes of a segment in a file of their own; tells where."""
    copy = folder / DAMAGED / f"{segment.path.stem}-{damage.start}-{damage.end}.bytes"
    try:
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(data[damage.start : damage.end])
    except OSError as error:
        return f"nowhere: {error}"
    return str(copy)


def _pairs(flat: "array[int]") -> Iterator[tuple[int, int]]:
    yield from zip(flat[::2], flat[1::2], strict=True)
