"""The free part of an event: eventData against the catalogue's known keys, and against the limits."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from schemas import limits
from schemas.catalogue import CATALOGUE
from schemas.event_type import RATING_ASPECTS, RATING_MAX, RATING_MIN, DataKey, EventType, Kind
from schemas.json_shapes import Boolean, Integer, Listing, Number, Object, Shape, Text
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent, shown, shown_of

_dumps: Final = orjson.dumps
_STRICT_INTEGER: Final = orjson.OPT_STRICT_INTEGER


def json_text(name: str, data: Mapping[str, Any], max_bytes: int) -> str:
    """The object as compact JSON text that Kafka, Avro and PostgreSQL all take.

    Raises InvalidEvent where it is too large or too deep, or holds a text or number they would refuse.
    """
    try:
        written = _dumps(data, None, _STRICT_INTEGER)
    except orjson.JSONEncodeError:
        written = _with_long_integers(data)
    text = written.decode()
    if not text or not _is_plain(data, written, text):
        check_tree(name, data)
        written = orjson.dumps(data)
        text = written.decode()
    size = len(written)
    if size > max_bytes:
        raise InvalidEvent(
            Reason.EVENT_DATA_TOO_LARGE, f"{name} is {size} bytes of JSON; at most {max_bytes} are taken"
        )
    return text


def _is_plain(data: Mapping[str, Any], written: bytes, text: str) -> bool:
    """Whether the object's JSON alone, as bytes and as text, shows that every rule of `check_tree` is kept.

    Whatever breaks a rule shows in the text, or keeps it from being written at all: a NUL is an escape, a
    number that is not finite turns to null, each level opens a bracket, half a surrogate pair is refused. So
    only what breaks a rule is walked through: a walk takes many times as long, which a stranger could use.
    Looked for in the text: `in` takes ten times as long for bytes; and first for one character, which takes a
    third of the time.
    """
    if "\\" in text and "\\u0000" in text and "\\u0000" in text.replace("\\\\", ""):
        return False
    if "null" in text and not _is_finite(data):
        return False
    brackets = text.count("{") + (text.count("[") if "[" in text else 0)
    return brackets <= limits.EVENT_DATA_DEPTH or not _is_too_deep(written)


_LONG_INTEGER: Final = re.compile(rb"-?[0-9]{19,}")
_BRACKETS: Final = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def _with_long_integers(data: Mapping[str, Any]) -> bytes:
    """An object with integers of more than 53 bits; empty where they, or anything else, cannot be written."""
    try:
        written = orjson.dumps(data)
    except orjson.JSONEncodeError:
        return b""
    numbers = map(int, _LONG_INTEGER.findall(_outside_of_texts(written)))
    return written if all(_fits_64_bits(number) for number in numbers) else b""


def _is_finite(data: Mapping[str, Any]) -> bool:
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        return False
    return True


def _is_too_deep(written: bytes) -> bool:
    """Whether its brackets nest too deep: each turn takes the innermost ones away."""
    brackets = _outside_of_texts(written).translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(limits.EVENT_DATA_DEPTH):
        brackets = brackets.replace(b"{}", b"")
    return bool(brackets)


def _outside_of_texts(written: bytes) -> bytes:
    unescaped = written.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in written else written
    return b'"'.join(unescaped.split(b'"')[::2])


def check_tree(name: str, root: Mapping[str, Any]) -> None:
    """Raise InvalidEvent where the object nests too deep, or holds an unusable text or number.

    Depth counts objects and lists; `{}` has one level.
    """
    level: list[Mapping[str, Any] | list[Any]] = [root]
    depth = 0
    while level:
        depth += 1
        if depth > limits.EVENT_DATA_DEPTH:
            raise InvalidEvent(
                Reason.EVENT_DATA_TOO_DEEP, f"{name} nests deeper than {limits.EVENT_DATA_DEPTH} levels"
            )
        level = [inner for outer in level for inner in _inner_containers(name, outer)]


def _inner_containers(
    name: str, outer: Mapping[str, Any] | list[Any]
) -> Iterator[Mapping[str, Any] | list[Any]]:
    if isinstance(outer, list):
        values: Iterable[Any] = outer
    else:
        values = outer.values()
        for key in outer:
            check_text(name, key)
    for value in values:
        if isinstance(value, dict | list):
            yield value
        else:
            _check_scalar(name, value)


def check_text(name: str, text: str) -> None:
    """Raise InvalidEvent where PostgreSQL or UTF-8 cannot hold the text: NUL, or half a surrogate pair."""
    if "\0" in text or not (text.isascii() or _encodable(text)):
        raise InvalidEvent(
            Reason.INVALID_TEXT, f"{name} holds a NUL character or a lone surrogate: {shown_of(name, text)}"
        )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_scalar(name: str, value: object) -> None:
    if isinstance(value, str):
        check_text(name, value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidEvent(Reason.NUMBER_OUT_OF_RANGE, f"{name} holds a number that is not finite")
    elif isinstance(value, int) and not _fits_64_bits(value):
        raise InvalidEvent(Reason.NUMBER_OUT_OF_RANGE, f"{name} holds an integer beyond 64 bits")


def _fits_64_bits(value: int) -> bool:
    return -limits.INT64_MAX - 1 <= value <= limits.INT64_MAX


def check_known_keys(row: EventType, data: dict[str, Any]) -> None:
    """Check what the catalogue knows of this type's eventData. Raises InvalidEvent."""
    for known in _KNOWN_KEYS[row.name]:
        value = data.get(known.name)
        if value is None:
            if known.required:
                raise InvalidEvent(Reason.MISSING_FIELD, f"{row.name} requires eventData.{known.name}")
        elif not known.shape.fits(value):
            raise _misfit(known.key, value)


def is_rating(value: object) -> bool:
    """Whether the value is a number a rating may be."""
    return _RATING.fits(value)


_RATING: Final = Number(RATING_MIN, RATING_MAX)


class _Ratings(Shape):
    """An object whose aspects, as far as they are given, are ratings."""

    def fits(self, value: object) -> bool:
        if not isinstance(value, dict):
            return False
        given: dict[Any, Any] = value
        for aspect in RATING_ASPECTS:
            rating = given.get(aspect)
            if rating is not None and not _RATING.fits(rating):
                return False
        return True


class _DistinctIds(Shape):
    """A list of so many ids at most, no two of them the same."""

    def __init__(self, most: int | None) -> None:
        self._ids = Listing(Text(1, limits.ID_CHARS), most)

    def fits(self, value: object) -> bool:
        if not isinstance(value, list) or not self._ids.fits(value):
            return False
        return len(set(value)) == len(value)


_SHAPES: Final[Mapping[Kind, Callable[[DataKey], Shape]]] = {
    Kind.TEXT: lambda key: Text(choices=key.choices),
    Kind.ID: lambda key: Text(most=limits.ID_CHARS),
    Kind.INTEGER: lambda key: Integer(key.minimum, key.maximum),
    Kind.NUMBER: lambda key: Number(key.minimum, key.maximum),
    Kind.BOOLEAN: lambda key: Boolean(),
    Kind.OBJECT: lambda key: Object(),
    Kind.TEXTS: lambda key: Listing(Text()),
    Kind.DISTINCT_IDS: lambda key: _DistinctIds(key.maximum),
    Kind.RATINGS: lambda key: _Ratings(),
    Kind.ANY: lambda key: Shape(),
}


class _KnownKey:
    """A key of the catalogue, ready to be looked at."""

    def __init__(self, key: DataKey) -> None:
        self.key = key
        self.name = key.name
        self.required = key.required
        self.shape = _SHAPES[key.kind](key)


_KNOWN_KEYS: Final[dict[str, list[_KnownKey]]] = {
    row.name: [_KnownKey(key) for key in row.keys] for row in CATALOGUE.values()
}


def _misfit(key: DataKey, value: object) -> InvalidEvent:
    too_long = key.kind is Kind.ID and isinstance(value, str)
    return InvalidEvent(
        Reason.ID_TOO_LONG if too_long else Reason.INVALID_FIELD,
        f"eventData.{key.name} is {shown(value)}; expected {_expected(key)}",
    )


def _expected(key: DataKey) -> str:
    match key.kind:
        case Kind.TEXT:
            return f"one of {', '.join(key.choices)}" if key.choices else "a text"
        case Kind.ID:
            return f"an id of at most {limits.ID_CHARS} characters"
        case Kind.INTEGER:
            return f"an integer{_bounds(key)}"
        case Kind.NUMBER:
            return f"a number{_bounds(key)}"
        case Kind.BOOLEAN:
            return "true or false"
        case Kind.OBJECT:
            return "an object"
        case Kind.TEXTS:
            return "a list of texts"
        case Kind.DISTINCT_IDS:
            return f"at most {key.maximum} distinct ids of 1 to {limits.ID_CHARS} characters"
        case Kind.RATINGS:
            return f"an object of {', '.join(RATING_ASPECTS)}, each {RATING_MIN} to {RATING_MAX}"
        case _:
            return "anything"


def _bounds(key: DataKey) -> str:
    least = "" if key.minimum is None else f" from {key.minimum}"
    most = "" if key.maximum is None or key.maximum == limits.INT64_MAX else f" up to {key.maximum}"
    return least + most
