"""Decoded rows of the public topics to rows of their tables: the same fields, checked."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

import orjson

from schemas import storable
from schemas.storable import VIEWER_CHARS, InvalidRecord
from sinks.columns import Columns, of_type
from sinks.record import Row

INT32_MAX: Final = 2**31 - 1

ReadRow = Callable[[Mapping[str, Any], int, int], Row]
"""From a decoded value, its partition and its offset to its row. Raises InvalidRecord."""

_IDS: Final = ("session_id", "user_id", "visitor_id", "perfume_id", "recommendation_id")


def public_row(columns: Columns) -> ReadRow:
    """How to read the rows of a table that has these columns and no Kafka coordinates.

    Works out once, not for each record, which checks which column needs.
    """
    checks = (
        storable.ids([name for name in _IDS if name in columns]),
        storable.ids([name for name in ("viewer",) if name in columns], VIEWER_CHARS),
        storable.texts(of_type(columns, "text")),
        storable.text_lists(of_type(columns, "text[]")),
        storable.times(of_type(columns, "timestamptz")),
        storable.integers(of_type(columns, "bigint")),
        storable.integers(of_type(columns, "integer"), INT32_MAX),
        storable.finite(of_type(columns, "double precision")),
    )
    documents = of_type(columns, "jsonb")
    in_order = itemgetter(*columns)

    def row(value: Mapping[str, Any], _partition: int, _offset: int) -> Row:
        for check in checks:
            check(value)
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
        raise InvalidRecord(f"{name} is no JSON: {error}") from None
