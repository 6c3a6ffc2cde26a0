"""Reading JSON that says one thing only.

Parsers disagree about an object that names a key twice, and about numbers beyond 64 bits: what one service
checked, another would read differently. So neither is taken.
"""

import json
from math import inf
from typing import Any, Final

import orjson

from ingest_gateway.errors import NotJson, Refusal
from schemas.reasons import Reason

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LONGEST_INTEGER: Final = 400
"""Digits: beyond any double, and far below what makes Python's conversion slow."""


class RepeatedKey(dict[str, Any]):
    """An object that named a key twice; of each the last value. `pairs`: all that it named."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def canonical(body: bytes) -> Any:
    """The document of a body exactly as JSON.stringify writes it; None where it differs by one byte.

    What comes out of it again byte for byte has lost nothing on the way: no key was named twice, no number
    was rounded. That costs less than looking for either. Others are for `readable`.
    """
    try:
        document = orjson.loads(body)
        return document if orjson.dumps(document) == body else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def readable(body: bytes) -> tuple[Any, bool]:
    """The document of any JSON body, and whether a RepeatedKey is in it. Raises Refusal.

    Lone surrogates, NULs and numbers that are not finite come through, for the event's own check to name.
    """
    repeated = False

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        document = dict(pairs)
        if len(document) == len(pairs):
            return document
        repeated = True
        return RepeatedKey(pairs)

    document = _parsed(body, object_of)
    return document, repeated


def _parsed(body: bytes, object_of: Any) -> Any:
    if body.startswith(_BYTE_ORDER_MARK):
        raise NotJson(0, Reason.BYTE_ORDER_MARK.meaning, Reason.BYTE_ORDER_MARK)
    try:
        return json.loads(body.decode(), parse_int=_bounded_int, object_pairs_hook=object_of)
    except UnicodeDecodeError as error:
        message = f"the body is not UTF-8 at byte {error.start}"
        raise NotJson(error.start, message, Reason.NOT_UTF8) from None
    except json.JSONDecodeError as error:
        raise NotJson(error.pos, f"the body is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Refusal(Reason.EVENT_DATA_TOO_DEEP, "the body nests deeper than any event may") from None


def _bounded_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else inf


def repeats_a_key(value: object) -> bool:
    """Whether a RepeatedKey stands anywhere in the value."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, RepeatedKey):
            return True
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
    return False
