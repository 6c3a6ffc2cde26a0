"""The Avro schemas of the topics' values, as shipped in `schemas/avro/`."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "avro"


def names() -> tuple[str, ...]:
    """Every schema's file name without its ending, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.avsc")))


@cache
def schema_text(name: str) -> str:
    """The schema document `schemas/avro/<name>.avsc`, as registered: compact JSON."""
    return json.dumps(json.loads((_FOLDER / f"{name}.avsc").read_text("utf-8")), separators=(",", ":"))


def schema(name: str) -> dict[str, Any]:
    """The same document as plain values; the caller's own copy."""
    document: dict[str, Any] = json.loads(schema_text(name))
    return document


def integer_schema(name: str) -> dict[str, Any]:
    """The schema with its logical types left out: the same bytes, but times stay integers (epoch ms)."""
    plain: dict[str, Any] = without_logical_types(schema(name))
    return plain


def field_names(name: str, *types: Any) -> tuple[str, ...]:
    """The names of a schema's fields; where types are given, of those that have one of them."""
    # Names out of JSON are not interned, and a dict finds those that are without comparing texts.
    fields = integer_schema(name)["fields"]
    return tuple(sys.intern(field["name"]) for field in fields if not types or field["type"] in types)


def without_logical_types(node: Any) -> Any:
    """A schema document, or any part of one, with its `logicalType` entries left out."""
    if isinstance(node, dict):
        return {key: without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    if isinstance(node, list):
        return [without_logical_types(item) for item in node]
    return node


def item_records(fields: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The schemas of the records that these fields hold lists of."""
    for field in fields:
        kind = field["type"]
        if isinstance(kind, dict) and isinstance(kind.get("items"), dict):
            yield kind["items"]
