"""Decoded rows of the public topics to rows of their tables: the same fields, checked."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

import orjson

from sinks.checks import (
    VIEWER_CHARS,
    check_finite,
    check_ids,
    check_integers,
    check_texts,
    check_times,
    invalid,
)
from sinks.columns import Columns, of_type
from sinks.record import Row

INT32_MAX: Final = 2**31 - 1

ReadRow = Callable[[Mapping[str, Any], int, int], Row]
"""From a decoded value, its partition and its offset to its row. Raises RecordRejected."""

_IDS: Final = ("session_id", "user_id", "visitor_id", "perfume_id", "recommendation_id")


def public_row(columns: Columns) -> ReadRow:
    """How to read the rows of a table that has these columns and no Kafka coordinates.

    Works out once, not for each record, which checks which column needs.
    """
    ids = [name for name in _IDS if name in columns]
    viewers = [name for name in ("viewer",) if name in columns]
    texts = of_type(columns, "text", "text[]")
    times = of_type(columns, "timestamptz")
    longs, integers = of_type(columns, "bigint"), of_type(columns, "integer")
    reals, documents = of_type(columns, "double precision"), of_type(columns, "jsonb")
    in_order = itemgetter(*columns)

    def row(value: Mapping[str, Any], _partition: int, _offset: int) -> Row:
        check_ids(value, ids)
        check_ids(value, viewers, VIEWER_CHARS)
        check_texts(value, texts)
        check_times(value, times)
        check_integers(value, longs)
        check_integers(value, integers, INT32_MAX)
        check_finite(value, reals)
        if documents:
            value = {**value, **{name: _json(value, name) for name in documents}}
        values: Row = in_order(value)
        return values

    return row


def _json(value: Mapping[str, Any], name: str) -> str:
    """A list of records as JSON text, which is what COPY takes for jsonb."""
    try:
        return orjson.dumps(value[name]).decode()
    except orjson.JSONEncodeError as error:
        raise invalid(f"{name} is no JSON: {error}") from None
