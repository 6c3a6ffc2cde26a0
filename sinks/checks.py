"""What PostgreSQL and the catalogue's limits would refuse in a decoded record, told before it gets there.

Each check raises RecordRejected(INVALID_RECORD) naming the field. Avro has settled the types already.
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import orjson

from schemas.interaction import holds_nul, is_canonical_uuid
from schemas.limits import ID_CHARS, INT64_MAX, LATEST_TIME_MS
from schemas.reasons import Reason
from sinks.record import RecordRejected

VIEWER_CHARS = len("u:") + ID_CHARS
"""A viewer is an id with a tag before it."""


def invalid(message: str) -> RecordRejected:
    """The rejection to raise."""
    return RecordRejected(Reason.INVALID_RECORD, message)


def check_texts(value: Mapping[str, Any], names: Iterable[str]) -> None:
    """No NUL, no lone surrogate in any of these fields (texts, lists of texts, or None)."""
    # All fields at once: this runs for every event, and a field at fault is rare.
    texts = [value[name] for name in names]
    if not _storable("".join([text for text in texts if text.__class__ is str])):
        raise invalid(f"{_culprit(value, names)} holds a NUL character or a lone surrogate")
    for text in texts:
        if text.__class__ is list and not _storable("".join(text)):
            raise invalid(f"{_culprit(value, names)} holds a NUL character or a lone surrogate")


def check_ids(value: Mapping[str, Any], names: Iterable[str], longest: int = ID_CHARS) -> None:
    """At most `longest` characters: an index entry must fit into a third of a page."""
    for name in names:
        text = value[name]
        if text is not None and len(text) > longest:
            raise invalid(f"{name} has {len(text)} characters; at most {longest} are allowed")


def check_uuid(value: Mapping[str, Any], name: str) -> None:
    """A UUID in its canonical, lower-case form."""
    if is_canonical_uuid(value[name]) is None:
        raise invalid(f"{name} {value[name][:64]!r} is not a UUID in canonical lower-case form")


def check_integers(value: Mapping[str, Any], names: Iterable[str], maximum: int = INT64_MAX) -> None:
    """Within ± `maximum`: Avro's variable-length integers can hold more than 64 bits."""
    for name in names:
        number = value[name]
        if number is not None and not -maximum - 1 <= number <= maximum:
            raise invalid(f"{name} is {number}; it must lie within ± {maximum}")


def check_times(value: Mapping[str, Any], names: Iterable[str]) -> None:
    """Epoch milliseconds from 1970 to the end of 9999."""
    for name in names:
        time = value[name]
        if time is not None and not 0 <= time <= LATEST_TIME_MS:
            raise invalid(f"{name} is {time}: not epoch milliseconds of the years 1970 to 9999")


def check_finite(value: Mapping[str, Any], names: Iterable[str]) -> None:
    """Neither infinite nor NaN."""
    for name in names:
        number = value[name]
        if number is not None and not isfinite(number):
            raise invalid(f"{name} is {number}; it must be finite")


def check_json(value: Mapping[str, Any], name: str) -> None:
    """JSON text that jsonb takes: well formed, and no \\u0000 in its strings."""
    text = value[name]
    if text is None:
        return
    try:
        document = orjson.loads(text)
    except ValueError as error:
        raise invalid(f"{name} is not JSON: {error}") from None
    if holds_nul(text, document):
        raise invalid(f"{name} holds a NUL character (\\u0000), which jsonb cannot keep")


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


def _culprit(value: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        text = value[name]
        if text is not None and not _storable("".join(text)):
            return name
    return "the record"
