"""Confluent's wire format: what we write others read, what others break is said to be broken."""

import contextlib
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import avro_schemas
from wire.codec import Decoder, Encoder, schema_id_of
from wire.errors import Undecodable, UnknownSchema

SESSION = {
    "session_id": "s",
    "generation": 0,
    "revision": 2,
    "started_at": 5,
    "ended_at": 6,
    "duration": 0,
    "closed": False,
    "events": 1,
    "page_views": 1,
    "perfumes_viewed": 0,
    "perfume_ids": [],
    "interactions": 0,
    "searches": 0,
    "added_to_wishlist": False,
    "added_to_collection": False,
    "completed_rating": False,
    "completed_review": False,
    "bounced": True,
    "entry_page": "/",
    "exit_page": "/",
    "device_type": "desktop",
    "browser": "Firefox",
    "os": "Linux",
    "user_id": None,
    "visitor_id": None,
    "referrer": None,
}


class Shelf:
    """A registry in memory."""

    def __init__(self, **extra: dict[str, Any]) -> None:
        self.schemas = {7: avro_schemas.schema("session"), **{int(k[1:]): v for k, v in extra.items()}}

    def schema(self, schema_id: int) -> dict[str, Any]:
        if schema_id not in self.schemas:
            raise UnknownSchema(f"schema id {schema_id} is not in the registry")
        return self.schemas[schema_id]


def test_what_is_encoded_is_decoded_with_times_as_integers() -> None:
    data = Encoder("session", 7).encode(SESSION)
    assert schema_id_of(data) == 7
    assert Decoder("session", Shelf()).decode(data) == SESSION


def test_a_value_written_by_an_older_schema_reads_with_our_defaults() -> None:
    older = avro_schemas.schema("session")
    older["fields"] = [field for field in older["fields"] if field["name"] != "referrer"]
    buffer = BytesIO()
    buffer.write(b"\0\0\0\0\x08")
    fastavro.schemaless_writer(
        buffer, fastavro.parse_schema(avro_schemas.without_logical_types(older)), SESSION
    )
    assert Decoder("session", Shelf(_8=older)).decode(buffer.getvalue())["referrer"] is None


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_undecodable(data: bytes) -> None:
    decoder = Decoder("session", Shelf())
    decoder.decode(Encoder("session", 7).encode(SESSION))  # from here on it knows the schema id
    for candidate in (data, b"\0\0\0\0\7" + data, b"\0\0\0\0\6" + data):
        with contextlib.suppress(Undecodable):
            assert decoder.decode(candidate)["session_id"] is not None


@pytest.mark.parametrize("number", [2**62, 2**63 - 1, -(2**63)])
def test_integers_too_long_for_the_quick_way_are_read_all_the_same(number: int) -> None:
    decoder, encoder = Decoder("session", Shelf()), Encoder("session", 7)
    decoder.decode(encoder.encode(SESSION))  # from here on it knows the schema id
    assert decoder.decode(encoder.encode({**SESSION, "events": number}))["events"] == number


def test_bytes_behind_the_value_are_an_error_not_ignored() -> None:
    data = Encoder("session", 7).encode(SESSION)
    decoder = Decoder("session", Shelf())
    for _ in ("at first sight", "when the schema id is known"):
        with pytest.raises(Undecodable, match="1 bytes too many"):
            decoder.decode(data + b"x")


def test_nothing_at_all_is_undecodable() -> None:
    with pytest.raises(Undecodable, match="got nothing"):
        Decoder("session", Shelf()).decode(None)
