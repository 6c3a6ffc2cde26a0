"""How Avro writes single values, for the generated encoders (`schemas.avro_encoders`).

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding

Bytes are held as text of the characters U+0000 to U+00FF (Latin-1), one for each byte, until a value is
whole: Python puts a text together in one step (an f-string), and texts that are ASCII, as most are, go in as
they are. Encoding the whole as Latin-1 then copies it.
"""

import struct
from collections.abc import Sequence
from typing import Final

from mypy_extensions import mypyc_attr

is_ascii: Final = str.isascii
"""Raises TypeError for what is no text."""

FALSE: Final = "\0"
TRUE: Final = "\1"
NULL: Final = "\0"
"""The first branch of a union with null."""
SOME: Final = "\2"
"""Goes before the value of the second branch."""
END: Final = "\0"
"""Goes behind an array's items."""

_LOW_BITS: Final = 13
_LOW: Final = (1 << _LOW_BITS) - 1
_KEPT: Final = 1 << 16
_KEPT_TEXTS: Final = 1 << 8
_LARGEST: Final = 2**63 - 1
_INT32: Final = range(-(2**31), 2**31)
_DOUBLE: Final = struct.Struct("<d")


def _varint(number: int) -> str:
    """Seven bits a byte, lowest first; all but the last have the high bit set."""
    written = ""
    while number > 0x7F:
        written += chr(number & 0x7F | 0x80)
        number >>= 7
    return written + chr(number)


class _Varints(dict[int, str]):
    """Varints of what a number's low bits leave, remembered: times of one day share theirs."""

    def __missing__(self, number: int) -> str:
        if number > _LARGEST >> _LOW_BITS:
            raise ValueError("an integer beyond 64 bits")
        if len(self) >= _KEPT:
            self.clear()
        written = self[number] = _varint(number)
        return written


SIZES: Final = [_varint(size << 1) for size in range(1 << 12)]
"""Sizes in bytes, as Avro writes them before a text: the usual ones. `size` knows all of them."""
SOME_SIZES: Final = [SOME + size for size in SIZES]
"""Of a text in a union with null."""
USUAL: Final = len(SIZES)


def size(number: int) -> str:
    """A text's or an array's size."""
    return SIZES[number] if number < USUAL else _varint(number << 1)


class _Written(dict[str, str]):
    """Texts with their size before them, remembered: for fields that have few different ones."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _KEPT_TEXTS:
            self.clear()
        ascii_text = text if is_ascii(text) else utf8(text)
        written = self[text] = size(len(ascii_text)) + ascii_text
        return written


WRITTEN: Final = _Written()

_SMALL: Final = [_varint(number << 1) for number in range(_LOW + 1)]
_LOW_HALF: Final = [chr(low << 1 & 0x7F | 0x80) + chr(low >> 6 | 0x80) for low in range(_LOW + 1)]
_HIGH_HALF: Final = _Varints()


def long(number: int) -> str:
    """A long. Raises ValueError beyond 64 bits, TypeError for what is no integer."""
    # In zigzag form (twice the number, or less one for a negative one), 14 low bits and the rest.
    if number > _LOW:
        return _LOW_HALF[number & _LOW] + _HIGH_HALF[number >> _LOW_BITS]
    if number >= 0:
        return _SMALL[number]
    if ~number > _LARGEST:
        raise ValueError("an integer beyond 64 bits")
    return _varint(~(number << 1))


def int32(number: int) -> str:
    """An int. Raises ValueError beyond 32 bits, TypeError for what is no integer."""
    if number not in _INT32:
        raise ValueError("an integer beyond 32 bits")
    return long(number)


def double(number: float) -> str:
    """A double. Raises TypeError for what is no number."""
    try:
        return _DOUBLE.pack(number).decode("latin-1")
    except struct.error as error:
        raise TypeError(str(error)) from None


def utf8(text: str) -> str:
    """A text's UTF-8 bytes. Raises UnicodeEncodeError, a ValueError, for half a surrogate pair."""
    return text.encode().decode("latin-1")


def some_utf8(text: str) -> str:
    """A text in a union with null."""
    written = utf8(text)
    return SOME + size(len(written)) + written


@mypyc_attr(native_class=False)  # str cannot be extended by a native class
class WrittenTexts(str):
    """An array of texts that is written already, and goes in as it is."""


def written_texts(items: Sequence[bytes]) -> WrittenTexts:
    """The array of these texts, each as `written_text` wrote it."""
    if not items:
        return WrittenTexts(END)
    return WrittenTexts(long(len(items)) + b"".join(items).decode("latin-1") + END)


def written_text(text: str) -> bytes:
    """A text with its size before it."""
    encoded = text.encode()
    return size(len(encoded)).encode("latin-1") + encoded


def texts(items: Sequence[str]) -> str:
    """An array of texts."""
    if type(items) is WrittenTexts:
        return items
    if not items:
        return END
    written = [item if is_ascii(item) else utf8(item) for item in items]
    return long(len(written)) + "".join([size(len(item)) + item for item in written]) + END


def raw(data: bytes) -> str:
    """A value of type bytes."""
    return size(len(data)) + data.decode("latin-1")
