"""How Avro's bytes are read, for the generated decoders (`schemas.avro_decoders`).

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding

Each function takes the bytes and a position in them, and gives what it read and the position behind it.
What is seldom written, or wrong, raises: a complete reader has the last word on it.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

_LONGEST: Final = 9
"""Bytes of the longest varint that is sure to fit 64 bits."""
_TIME_BYTES: Final = 6
_LOW_BYTES: Final = 2
_KEPT: Final = 1 << 14
_DOUBLE: Final = struct.Struct("<d")

_tails: Final[dict[bytes, int]] = {}
"""What the last four of a varint's six bytes stand for: a time, to eight seconds. Neighbours share it."""


class Unusual(ValueError):
    """Wrong, or so rare that it is left to a complete reader."""


class Remembered(dict[bytes, dict[str, Any]]):
    """The fields at a value's end by their bytes, where few different ones come again and again.

    What is read is shared: no list may be among it.
    """

    def __init__(self, read: Callable[[bytes, int], dict[str, Any]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, data: bytes) -> dict[str, Any]:
        fields = self._read(data, 0)
        if len(self) >= _KEPT:
            self.clear()
        self[data] = fields
        return fields


def long(data: bytes, at: int) -> tuple[int, int]:
    """A long or an int."""
    number = data[at]
    if number < 0x80:
        return number >> 1 ^ -(number & 1), at + 1
    second = data[at + 1]
    if second < 0x80:
        number = number & 0x7F | second << 7
        return number >> 1 ^ -(number & 1), at + 2
    third = data[at + 2]
    if third < 0x80:
        number = number & 0x7F | (second & 0x7F) << 7 | third << 14
        return number >> 1 ^ -(number & 1), at + 3
    tail = _tails.get(data[at + _LOW_BYTES : at + _TIME_BYTES])
    if tail is not None:
        number = number & 0x7F | (second & 0x7F) << 7 | tail
        return number >> 1 ^ -(number & 1), at + _TIME_BYTES
    number, end = _varint(data, at)
    if end - at == _TIME_BYTES:
        if len(_tails) >= _KEPT:
            _tails.clear()
        _tails[data[at + _LOW_BYTES : end]] = number >> 14 << 14
    return number >> 1 ^ -(number & 1), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, lowest first; all but the last have the high bit set."""
    number = 0
    for shift in range(0, 7 * _LONGEST, 7):
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise Unusual("an integer of ten bytes")


def span(data: bytes, at: int) -> tuple[int, int]:
    """Where a text or a value of type bytes begins and ends."""
    size, begin = _varint(data, at)
    if size & 1:
        raise Unusual("a negative size")
    return begin, begin + (size >> 1)


def raw(data: bytes, at: int) -> tuple[bytes, int]:
    """A value of type bytes."""
    begin, end = span(data, at)
    return data[begin:end], end


def text(data: bytes, at: int) -> tuple[str, int]:
    """A text."""
    begin, end = span(data, at)
    return data[begin:end].decode(), end


def double(data: bytes, at: int) -> tuple[float, int]:
    """A double."""
    return _DOUBLE.unpack_from(data, at)[0], at + _DOUBLE.size


def items(data: bytes, at: int, item: Callable[[bytes, int], tuple[Any, int]]) -> tuple[list[Any], int]:
    """An array: blocks of items, each block with their number before it, up to a block of none."""
    found: list[Any] = []
    while data[at]:
        count, at = long(data, at)
        if count <= 0:
            raise Unusual("a block that tells its size, or an end written long")
        for _ in range(count):
            value, at = item(data, at)
            found.append(value)
        if at > len(data):
            raise Unusual("an array beyond the end")
    return found, at + 1
