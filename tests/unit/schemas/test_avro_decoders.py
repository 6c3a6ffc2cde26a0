"""The generated decoders read what Avro's own library reads, and take nothing that it would refuse."""

from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import avro_decoder_codegen, avro_schemas
from schemas.avro_decoders import DECODERS
from tests.avro_values import NINE_BYTES, values

EMPTY_SESSION = {
    field["name"]: {"string": "", "boolean": False}.get(field["type"], 0)
    for field in avro_schemas.integer_schema("session")["fields"]
    if isinstance(field["type"], str)
} | {"user_id": None, "visitor_id": None, "referrer": None, "started_at": 0, "ended_at": 0}

SCHEMAS = {name: fastavro.parse_schema(avro_schemas.integer_schema(name)) for name in avro_schemas.names()}


def written(name: str, value: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, SCHEMAS[name], value)
    return buffer.getvalue()


@pytest.mark.parametrize("name", avro_schemas.names())
@settings(max_examples=20)
@given(data=st.data(), before=st.binary(max_size=5))
def test_every_value_reads_as_it_was_written(name: str, data: st.DataObject, before: bytes) -> None:
    value = data.draw(values(avro_schemas.integer_schema(name), NINE_BYTES))
    assert DECODERS[name](before + written(name, value), len(before)) == value


@pytest.mark.parametrize("name", avro_schemas.names())
@settings(max_examples=5)
@given(data=st.data())
def test_what_is_done_to_a_value_does_not_show_in_one_read_later(name: str, data: st.DataObject) -> None:
    bytes_read = written(name, data.draw(values(avro_schemas.integer_schema(name), NINE_BYTES)))
    value = DECODERS[name](bytes_read, 0)
    before = repr(value)
    for field in value:
        value[field] = value[field].clear() if isinstance(value[field], list) else "changed"
    value["another"] = "field"
    assert repr(DECODERS[name](bytes_read, 0)) == before


def test_a_long_array_reads_as_it_was_written() -> None:
    value = written("session", {**EMPTY_SESSION, "perfume_ids": [f"p{i}" for i in range(300)]})
    assert DECODERS["session"](value, 0)["perfume_ids"][-1] == "p299"


@pytest.mark.parametrize("name", avro_schemas.names())
@settings(max_examples=40)
@given(data=st.data(), place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_damaged_bytes_are_refused_or_read_as_fastavro_reads_them(
    name: str, data: st.DataObject, place: float, byte: int, cut: bool
) -> None:
    whole = bytearray(written(name, data.draw(values(avro_schemas.integer_schema(name), NINE_BYTES))))
    at = int(place * len(whole))
    whole[at:] = b"" if cut else bytes([byte]) + whole[at + 1 :]
    try:
        read = DECODERS[name](bytes(whole), 0)
    except Exception:
        return  # left to fastavro
    buffer = BytesIO(whole)
    expected = fastavro.schemaless_reader(buffer, SCHEMAS[name], None)
    assert (repr(read), buffer.tell()) == (repr(expected), len(whole))


def test_the_checked_in_decoders_are_those_of_the_schemas() -> None:
    assert avro_decoder_codegen.DECODERS.read_text("utf-8") == avro_decoder_codegen.decoders(), (
        "run `python -m schemas.avro_decoder_codegen`"
    )
