"""The audit reads Avro by itself: right whatever the generated decoders do, and never half a record."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.audit.reading import AvroReader
from schemas import avro_schemas
from tests.avro_values import values
from wire.codec import Encoder
from wire.errors import Undecodable

OURS, OLDER, BROKEN = 7, 6, 5


class Schemas:
    """Ours; one from before its last field; and a document that is no schema."""

    def __init__(self, name: str) -> None:
        ours = avro_schemas.schema(name)
        self._known: dict[int, dict[str, Any]] = {
            OURS: ours,
            OLDER: ours | {"fields": ours["fields"][:-1]},
            BROKEN: {"type": "nothing"},
        }

    def schema(self, schema_id: int) -> dict[str, Any]:
        return self._known[schema_id]


@pytest.mark.parametrize("name", avro_schemas.names())
@settings(max_examples=20)
@given(data=st.data())
def test_it_reads_what_our_services_write(name: str, data: st.DataObject) -> None:
    value = data.draw(values(avro_schemas.integer_schema(name)))
    assert AvroReader(name, Schemas(name)).read(Encoder(name, OURS).encode(value)) == value


def letter(**changes: Any) -> dict[str, Any]:
    fields = avro_schemas.schema("dead_letter")["fields"]
    plain = {field["name"]: None for field in fields}
    return {
        **plain,
        "stage": "sink",
        "reason": "late",
        "message": "",
        "first_seen": 1,
        "payload": b"",
    } | changes


def test_it_reads_what_an_older_version_wrote() -> None:
    written = Encoder("dead_letter", OLDER).encode(letter(event_id=None))[:-1]
    assert AvroReader("dead_letter", Schemas("dead_letter")).read(written) == letter()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _data: None,
        lambda _data: b"",
        lambda data: b"\1" + data[1:],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:4] + bytes([BROKEN]) + data[5:],
    ],
)
def test_what_is_no_value_is_refused(damage: Any) -> None:
    whole = Encoder("dead_letter", OURS).encode(letter(message="why"))
    with pytest.raises(Undecodable):
        AvroReader("dead_letter", Schemas("dead_letter")).read(damage(whole))
