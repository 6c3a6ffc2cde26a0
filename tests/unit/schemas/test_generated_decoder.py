"""The generated decoder reads what fastavro reads, and refuses what is cut short."""

from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import avro_schemas, decoder_generator
from schemas.generated.interaction_decoder import decode

SCHEMA = fastavro.parse_schema(avro_schemas.integer_schema("interaction"))
WANTED = decoder_generator.GENERATED["interaction"]

TEXTS = st.text(max_size=80) | st.text(min_size=60, max_size=70)
LONGS = st.integers(-(2**63), 2**63 - 1) | st.integers(-70, 70)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "long": LONGS,
    "double": st.floats(allow_nan=False),
    "boolean": st.booleans(),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the schema."""
    if isinstance(kind, list):
        return st.none() | values_of(kind[1])
    if isinstance(kind, dict):
        return st.lists(TEXTS, max_size=3) if kind["type"] == "array" else values_of(kind["type"])
    return VALUES[kind]


FIELDS = avro_schemas.integer_schema("interaction")["fields"]
INTERACTIONS = st.fixed_dictionaries({field["name"]: values_of(field["type"]) for field in FIELDS})


def encoded(interaction: dict[str, Any]) -> bytes:
    """Its Avro bytes, by fastavro."""
    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, SCHEMA, interaction)
    return buffer.getvalue()


def read_by_fastavro(data: bytes) -> dict[str, Any] | None:
    """The wanted fields; None where fastavro refuses the bytes or leaves some over."""
    buffer = BytesIO(data)
    try:
        value: dict[str, Any] = fastavro.schemaless_reader(buffer, SCHEMA, None)
    except Exception:  # whatever the bytes lead it to
        return None
    return {name: value[name] for name in WANTED} if buffer.tell() == len(data) else None


def read_by_us(data: bytes) -> dict[str, Any] | None:
    """The same, by the generated decoder."""
    try:
        value, end = decode(data, 0)
    except (IndexError, ValueError):
        return None
    return value if end == len(data) else None


@given(INTERACTIONS)
def test_it_reads_the_wanted_fields_as_fastavro_does(interaction: dict[str, Any]) -> None:
    data = encoded(interaction)
    assert decode(data, 0) == (read_by_fastavro(data), len(data))


@given(INTERACTIONS, st.data())
def test_bytes_cut_short_are_refused(interaction: dict[str, Any], data: st.DataObject) -> None:
    whole = encoded(interaction)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert read_by_us(whole[:cut]) is None


@given(INTERACTIONS, st.data())
def test_of_damaged_bytes_it_never_reads_something_else_than_fastavro(
    interaction: dict[str, Any], data: st.DataObject
) -> None:
    damaged = bytearray(encoded(interaction))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    theirs, ours = read_by_fastavro(bytes(damaged)), read_by_us(bytes(damaged))
    assert theirs is None or ours is None or theirs == ours


@pytest.mark.parametrize("name", sorted(decoder_generator.GENERATED))
def test_what_is_checked_in_is_what_the_generator_makes(name: str) -> None:
    path = decoder_generator.path(name)
    assert path.read_text() == decoder_generator.source(name), "run `python -m schemas.decoder_generator`"
