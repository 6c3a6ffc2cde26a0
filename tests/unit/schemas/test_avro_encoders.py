"""The generated encoders write what Avro's own library writes, and refuse what it refuses."""

from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import avro_codegen, avro_schemas
from schemas.avro_binary import texts, written_text, written_texts
from schemas.avro_encoders import ENCODERS, interaction_own, interaction_shared
from tests.avro_values import TEXT, values


def fastavro_bytes(name: str, value: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    schema = fastavro.parse_schema(avro_schemas.integer_schema(name))
    fastavro.schemaless_writer(buffer, schema, value)
    return buffer.getvalue()


@pytest.mark.parametrize("name", avro_schemas.names())
@settings(max_examples=50)
@given(data=st.data())
def test_every_value_has_the_bytes_fastavro_gives_it(name: str, data: st.DataObject) -> None:
    value = data.draw(values(avro_schemas.integer_schema(name)))
    assert ENCODERS[name](value) == fastavro_bytes(name, value)


@pytest.mark.parametrize("name", avro_schemas.names())
def test_a_field_left_out_has_its_default(name: str) -> None:
    plain = {"string": "é", "long": 300, "int": 1, "boolean": True, "double": 0.5, "bytes": b"\xff"}
    value = {
        field["name"]: plain.get(field["type"], []) if isinstance(field["type"], str) else []
        for field in avro_schemas.integer_schema(name)["fields"]
        if "default" not in field
    }
    value |= {key: 7 for key in value if key.endswith("_at") or key in ("as_of", "first_seen")}
    assert ENCODERS[name](value) == fastavro_bytes(name, value)


@settings(max_examples=20)
@given(values(avro_schemas.integer_schema("interaction")))
def test_the_two_halves_of_an_interaction_make_the_whole(value: dict[str, Any]) -> None:
    assert interaction_own(value) + interaction_shared(value) == ENCODERS["interaction"](value)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("revision", 2**63),
        ("revision", -(2**63) - 1),
        ("revision", 1.5),
        ("revision", None),
        ("generation", 2**31),
        ("perfume_id", b"bytes"),
        ("perfume_id", "\ud800"),
        ("perfume_id", None),
        ("rating", "five"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_not_written(field: str, wrong: object) -> None:
    value = {
        "perfume_id": "p",
        "viewer": "v:1",
        "generation": 0,
        "revision": 1,
        "in_wishlist": False,
        "in_collection": False,
    }
    assert ENCODERS["affinity"](value)
    with pytest.raises((ValueError, TypeError)):
        ENCODERS["affinity"](value | {field: wrong})


def test_the_checked_in_encoders_are_those_of_the_schemas() -> None:
    assert avro_codegen.ENCODERS.read_text("utf-8") == avro_codegen.encoders(), (
        "run `python -m schemas.avro_codegen`"
    )


@settings(max_examples=20)
@given(st.lists(TEXT, max_size=3))
def test_a_list_written_before_has_the_same_bytes(items: list[str]) -> None:
    written = written_texts([written_text(item) for item in items])
    assert texts(written) == texts(items)
