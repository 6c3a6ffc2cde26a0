"""Writes `schemas/avro_decoders.py` from the .avsc files: `python -m schemas.avro_decoder_codegen`.

The counterpart of `schemas.avro_codegen`: straight code for each schema, checked in, kept in step by a test,
and compared with fastavro by another.
"""

import keyword
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from schemas import avro_binary_reading, avro_schemas

DECODERS: Final = Path(__file__).with_name("avro_decoders.py")

REMEMBERED_FROM: Final[Mapping[str, str]] = {"interaction": "browser"}
"""Schemas whose fields from this one on tell of the client, so that many values have the same."""

_HEAD = '''"""Decoders of the topics' values, by `python -m schemas.avro_decoder_codegen`: do not edit.

Each takes bytes and the position where a value of its schema begins, which must reach to their end. Times
are epoch milliseconds (or epoch days). Raises some exception for what is wrong and for what is only unusual:
whether it is the one or the other is for a complete reader to say.
"""
# fmt: off
# ruff: noqa: C901

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from schemas.avro_binary_reading import Remembered, Unusual, double, items, long, raw, span, text

'''

_TAKEN: Final = frozenset(dir(avro_binary_reading)) | {"data", "at", "end"} | frozenset(keyword.kwlist)
"""Names that no field may have, as each becomes a variable."""

_PLAIN: Final[Mapping[str, str]] = {"long": "long", "int": "long", "double": "double", "bytes": "raw"}
"""Types that a function of `schemas.avro_binary_reading` reads."""

_TEXT: Final = """\
end = data[at]
if end & 0x81:
    at, end = span(data, at)
else:
    at += 1
    end = at + (end >> 1)
{name} = data[at:end].decode()
at = end
"""
"""A text; most have a size of one byte, which is even as no size is negative."""

_BOOLEAN: Final = """\
{name} = data[at] == 1
if data[at] > 1:
    raise Unusual("{name}: neither true nor false")
at += 1
"""

_END: Final = """\
    if at != len(data):
        raise Unusual("it ends elsewhere")
"""

_OPTIONAL: Final = """\
if data[at] == 0:
    {name} = None
    at += 1
elif data[at] == 2:
    at += 1
{some}
else:
    raise Unusual("{name}: no such branch")
"""


def decoders() -> str:
    """The text of the module of decoders."""
    return _HEAD + "\n".join([*(_module_part(name) for name in avro_schemas.names()), _table()])


def _module_part(name: str) -> str:
    fields = avro_schemas.integer_schema(name)["fields"]
    inner = "".join(_item_function(item) for item in _item_records(fields))
    at = next((i for i, field in enumerate(fields) if field["name"] == REMEMBERED_FROM.get(name)), None)
    if at is None:
        end = f"{_END}    return {_value(fields)}\n"
        return inner + _function(name, f"A value of schemas/avro/{name}.avsc.", fields, end)
    end = f"    return {_value(fields[:at], f'**_REST_OF_{name.upper()}[data[at:]]')}\n"
    rest = f"_rest_of_{name}"
    return "\n".join(
        [
            _function(
                rest, "The fields at its end.", fields[at:], f"{_END}    return {_value(fields[at:])}\n"
            ),
            f"\n{rest.upper()}: Final = Remembered({rest})\n",
            inner + _function(name, f"A value of schemas/avro/{name}.avsc.", fields[:at], end),
        ]
    )


def _function(name: str, what: str, fields: Iterable[Mapping[str, Any]], end: str) -> str:
    head = f'\ndef {name}(data: bytes, at: int) -> dict[str, Any]:\n    """{what}"""\n'
    return f"{head}{_statements(fields)}{end}"


def _item_function(schema: Mapping[str, Any]) -> str:
    """A record inside a value."""
    return (
        f"\ndef {_inner(schema)}(data: bytes, at: int) -> tuple[dict[str, Any], int]:\n"
        f"{_statements(schema['fields'])}    return {_value(schema['fields'])}, at\n\n"
    )


def _inner(schema: Mapping[str, Any]) -> str:
    return f"_{schema['name']}"


def _value(fields: Iterable[Mapping[str, Any]], *more: str) -> str:
    items = [*(f'"{field["name"]}": {field["name"]}' for field in fields), *more]
    return "{\n" + "".join(f"        {item},\n" for item in items) + "    }"


def _statements(fields: Iterable[Mapping[str, Any]]) -> str:
    return textwrap.indent("".join(_field(field["name"], field["type"]) for field in fields), "    ")


def _field(name: str, kind: Any) -> str:
    if name in _TAKEN:
        raise NotImplementedError(f"a field named {name}: teach the generator another name for its variable")
    if not isinstance(kind, list):
        return _required(name, kind)
    if len(kind) != 2 or kind[0] != "null":
        raise NotImplementedError(f"{name}: not a union of null and one type: teach it to the generator")
    return _OPTIONAL.format(name=name, some=textwrap.indent(_required(name, kind[1]).rstrip("\n"), "    "))


def _required(name: str, kind: Any) -> str:
    if kind == "string":
        return _TEXT.format(name=name)
    if kind == "boolean":
        return _BOOLEAN.format(name=name)
    if isinstance(kind, str) and kind in _PLAIN:
        return f"{name}, at = {_PLAIN[kind]}(data, at)\n"
    if isinstance(kind, dict) and kind["type"] == "array":
        if kind["items"] == "string":
            return f"{name}, at = items(data, at, text)\n"
        if isinstance(kind["items"], dict) and kind["items"]["type"] == "record":
            return f"{name}, at = items(data, at, {_inner(kind['items'])})\n"
    if isinstance(kind, dict) and isinstance(kind["type"], str) and len(kind) == 1:
        return _required(name, kind["type"])
    raise NotImplementedError(f"{name}: type {kind}: teach it to the generator")


def _item_records(fields: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for field in fields:
        kind = field["type"]
        if isinstance(kind, dict) and isinstance(kind.get("items"), dict):
            yield kind["items"]


def _table() -> str:
    rows = "".join(f'    "{name}": {name},\n' for name in avro_schemas.names())
    kind = "Mapping[str, Callable[[bytes, int], dict[str, Any]]]"
    return f"\nDECODERS: Final[{kind}] = MappingProxyType({{\n{rows}}})\n"


if __name__ == "__main__":
    DECODERS.write_text(decoders(), "utf-8")
