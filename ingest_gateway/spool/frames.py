"""The spool's file format: frames one after the other, each of which proves itself.

    marker 8 | crc32 4 | kind 1 | number 8 | time 8 | length 4 | payload       (big-endian)

The checksum covers everything after it. The marker is random and of one file only, and it stands in the
file's name: no event can hold it, so a scan finds its way back to the next frame behind any damage, and can
never be led to take an event's content for a frame.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ingest_gateway.record import Record

MARKER_BYTES: Final = 8
_CHECKSUM: Final = struct.Struct(">I")
_HEAD: Final = struct.Struct(">BqqI")
_COUNT: Final = struct.Struct(">H")
_LENGTHS: Final = struct.Struct(">HI")
_NUMBER: Final = struct.Struct(">q")
FRAME_BYTES: Final = MARKER_BYTES + _CHECKSUM.size + _HEAD.size
"""What a frame takes beside its payload."""


class Kind(IntEnum):
    """What a frame holds."""

    ENTRY = 1
    """Records that wait for Kafka."""
    SETTLED = 2
    """Numbers of entries that need not wait any longer."""


_KINDS: Final = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that is whole. `at`: epoch milliseconds. It is the bytes from `start` to `end` of its file."""

    kind: Kind
    number: int
    at: int
    payload: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file, from `start` to `end`, that belong to no frame that is whole."""

    start: int
    end: int


def body(kind: Kind, number: int, at: int, payload: bytes) -> bytes:
    """Everything of a frame but what depends on its file."""
    return _HEAD.pack(kind, number, at, len(payload)) + payload


def size_on_disk(inner: bytes) -> int:
    """How many bytes the frame of a body has."""
    return MARKER_BYTES + _CHECKSUM.size + len(inner)


def framed(marker: bytes, inner: bytes) -> bytes:
    """The whole frame of a body, for the file with this marker."""
    return marker + _CHECKSUM.pack(zlib.crc32(inner, zlib.crc32(marker))) + inner


def scan(data: bytes, marker: bytes) -> Iterator[Frame | Damage]:
    """Every whole frame in the bytes, and what lies between them."""
    position = 0
    while position < len(data):
        frame = _frame_at(data, position, marker)
        if frame is None:
            start, position = position, _next_frame(data, position + 1, marker)
            yield Damage(start, position)
        else:
            yield frame
            position = frame.end


def _next_frame(data: bytes, position: int, marker: bytes) -> int:
    """Where the next whole frame begins; the end where there is none."""
    while (position := data.find(marker, position)) >= 0:
        if _frame_at(data, position, marker) is not None:
            return position
        position += 1
    return len(data)


def _frame_at(data: bytes, start: int, marker: bytes) -> Frame | None:
    inner = start + MARKER_BYTES + _CHECKSUM.size
    if not data.startswith(marker, start) or len(data) < start + FRAME_BYTES:
        return None
    kind, number, at, length = _HEAD.unpack_from(data, inner)
    end = start + FRAME_BYTES + length
    (checksum,) = _CHECKSUM.unpack_from(data, start + MARKER_BYTES)
    whole = end <= len(data) and checksum == zlib.crc32(memoryview(data)[inner:end], zlib.crc32(marker))
    if not whole or kind not in _KINDS:
        return None
    return Frame(Kind(kind), number, at, data[start + FRAME_BYTES : end], start, end)


def pack(records: Sequence[Record]) -> bytes:
    """Records as an entry's payload."""
    parts = [_COUNT.pack(len(records))]
    for record in records:
        parts += (_LENGTHS.pack(len(record.key), len(record.value)), record.key, record.value)
    return b"".join(parts)


def count(payload: bytes) -> int:
    """How many records an entry's payload holds."""
    (records,) = _COUNT.unpack_from(payload)
    return int(records)


def unpack(payload: bytes) -> list[Record]:
    """The records of an entry's payload."""
    records = []
    position = _COUNT.size
    while position < len(payload):
        key_bytes, value_bytes = _LENGTHS.unpack_from(payload, position)
        key_end = position + _LENGTHS.size + key_bytes
        position = key_end + value_bytes
        records.append(Record(payload[key_end - key_bytes : key_end], payload[key_end:position]))
    return records


def pack_numbers(numbers: Sequence[int]) -> bytes:
    """The payload of a SETTLED frame."""
    return b"".join(map(_NUMBER.pack, numbers))


def unpack_numbers(payload: bytes) -> list[int]:
    """The numbers in a SETTLED frame's payload."""
    return [number for (number,) in _NUMBER.iter_unpack(payload)]
