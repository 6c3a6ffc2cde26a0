"""A table's columns: their names and PostgreSQL types, in the order of its rows' values."""

from collections.abc import Mapping
from typing import Any, Final

from schemas import avro_schemas

Columns = Mapping[str, str]

_PLAIN: Final = {
    "string": "text",
    "boolean": "boolean",
    "int": "integer",
    "long": "bigint",
    "double": "double precision",
}


def of_schema(name: str) -> Columns:
    """A column for each field of `schemas/avro/<name>.avsc`, by the same name.

    Times are timestamptz, arrays of texts text[], arrays of records jsonb. Raises KeyError for a type that
    no column was thought of yet.
    """
    return {field["name"]: _column_type(field["type"]) for field in avro_schemas.schema(name)["fields"]}


def of_type(columns: Columns, *types: str) -> tuple[str, ...]:
    """Names of the columns of these PostgreSQL types."""
    return tuple(name for name, kind in columns.items() if kind in types)


def _column_type(avro: Any) -> str:
    if isinstance(avro, list):
        (avro,) = (branch for branch in avro if branch != "null")
    if not isinstance(avro, dict):
        return _PLAIN[avro]
    if avro["type"] == "array":
        return "text[]" if avro["items"] == "string" else "jsonb"
    return {"timestamp-millis": "timestamptz"}[avro["logicalType"]]
