"""What a decoded record may hold: what PostgreSQL or the catalogue's limits refuse is told before.

Each function makes a check of some fields: it raises InvalidRecord naming the field at fault. Which field it
was is looked for only then, since a check runs for every event. Avro has settled the types already.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from operator import itemgetter
from typing import Any, Final

import orjson

from schemas.limits import ID_CHARS, INT64_MAX, LATEST_TIME_MS

_UUID_OF_ZEROS: Final = b"00000000-0000-0000-0000-000000000000"
_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789abcdef", b"000000000000000")
VIEWER_CHARS = len("u:") + ID_CHARS
"""A viewer is an id with a tag before it."""

KNOWN_TEXTS: Final = 1_024
"""How many verdicts on JSON texts are kept: the same context comes with each event of a visitor."""

Check = Callable[[Mapping[str, Any]], None]


class InvalidRecord(ValueError):
    """The record decodes, but breaks a rule; the message says which. Its reason is `invalid_record`."""


def texts(names: Sequence[str]) -> Check:
    """No NUL, no lone surrogate in any of these fields (texts or None)."""
    read = _reader(names)

    def check(value: Mapping[str, Any]) -> None:
        if not _storable("".join([text for text in read(value) if text is not None])):
            (culprit, *_) = (name for name in names if not _storable(value[name] or ""))
            raise InvalidRecord(f"{culprit} holds a NUL character or a lone surrogate")

    return check


def text_lists(names: Sequence[str]) -> Check:
    """The same in each text of these lists."""

    def check(value: Mapping[str, Any]) -> None:
        for name in names:
            items = value[name]
            if items and not _storable("".join(items)):
                raise InvalidRecord(f"{name} holds a NUL character or a lone surrogate")

    return check


def ids(names: Sequence[str], longest: int = ID_CHARS) -> Check:
    """At most `longest` characters: an index entry must fit into a third of a page."""
    read = _reader(names)

    def check(value: Mapping[str, Any]) -> None:
        for text in read(value):
            if text is not None and len(text) > longest:
                culprit = next(name for name in names if value[name] == text)
                raise InvalidRecord(f"{culprit} has {len(text)} characters; at most {longest} are allowed")

    return check


def uuid(name: str) -> Check:
    """A UUID in its canonical, lower-case form."""

    def check(value: Mapping[str, Any]) -> None:
        if not is_canonical_uuid(value[name]):
            raise InvalidRecord(f"{name} {value[name][:64]!r} is not a UUID in canonical lower-case form")

    return check


def is_canonical_uuid(text: str) -> bool:
    """Whether it is a UUID in the form of RFC 9562, in lower case."""
    return text.isascii() and text.encode().translate(_DIGITS_TO_ZERO) == _UUID_OF_ZEROS


def integers(names: Sequence[str], maximum: int = INT64_MAX) -> Check:
    """Within ± `maximum`: Avro's variable-length integers can hold more than 64 bits."""
    return _within(names, -maximum - 1, maximum, f"it must lie within ± {maximum}")


def times(names: Sequence[str]) -> Check:
    """Epoch milliseconds from 1970 to the end of 9999."""
    return _within(names, 0, LATEST_TIME_MS, "not epoch milliseconds of the years 1970 to 9999")


def finite(names: Sequence[str]) -> Check:
    """Neither infinite nor NaN."""

    def check(value: Mapping[str, Any]) -> None:
        for name in names:
            number = value[name]
            if number is not None and not isfinite(number):
                raise InvalidRecord(f"{name} is {number}; it must be finite")

    return check


def json_objects(names: Sequence[str]) -> Check:
    """JSON text of an object that jsonb takes: well formed, and no \\u0000 in its strings."""

    def check(value: Mapping[str, Any]) -> None:
        for name in names:
            text = value[name]
            if text is not None and (fault := _fault_of_json(text)) is not None:
                raise InvalidRecord(f"{name} {fault}")

    return check


@lru_cache(KNOWN_TEXTS)
def _fault_of_json(text: str) -> str | None:
    try:
        document = orjson.loads(text)
    except ValueError as error:
        return f"is not JSON: {error}"
    if not isinstance(document, dict):
        return "is not a JSON object"
    # An escaped backslash before u0000 looks like a NUL in the text, so only then are the strings looked at.
    if "\\u0000" in text and b"\\u0000" in orjson.dumps(document).replace(b"\\\\", b""):
        return "holds a NUL character (\\u0000), which jsonb cannot keep"
    return None


def _within(names: Sequence[str], least: int, most: int, expected: str) -> Check:
    read: Callable[[Mapping[str, Any]], tuple[int | None, ...]] = _reader(names)

    def check(value: Mapping[str, Any]) -> None:
        for number in read(value):
            if number is not None and not least <= number <= most:
                culprit = next(name for name in names if value[name] == number)
                raise InvalidRecord(f"{culprit} is {number}: {expected}")

    return check


def _reader(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """The values of these fields, as a tuple of whatever length."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda value: tuple(value[name] for name in names)


def _storable(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
