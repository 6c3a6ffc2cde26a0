"""Confluent's wire format: a zero byte, the schema id in four bytes big-endian, the Avro body.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/#wire-format
Times are epoch milliseconds on both sides: plain integers, as the reducers and the sink want them.
"""

import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol

import fastavro

from schemas import avro_schemas
from schemas.avro_decoders import DECODERS
from schemas.avro_encoders import ENCODERS
from wire.errors import Undecodable

Encode = Callable[[dict[str, Any]], bytes]
"""A value to its wire bytes, as `Encoder.encode` does it."""

MAGIC = 0
_HEADER = struct.Struct(">bI")


class SchemaSource(Protocol):
    """Where a decoder asks what a schema id names."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        """Raises UnknownSchema or RegistryUnavailable."""
        ...


class Encoder:
    """Values of one schema to bytes."""

    def __init__(self, schema_name: str, schema_id: int) -> None:
        self._avro = ENCODERS[schema_name]
        self.header = _HEADER.pack(MAGIC, schema_id)
        """What every value's bytes begin with."""

    def encode(self, value: dict[str, Any]) -> bytes:
        """Wire bytes of one value. Raises KeyError, ValueError or TypeError where it does not fit."""
        return self.header + self._avro(value)


class Decoder:
    """Bytes, of whichever version of the schema wrote them, to values of our version.

    What our own version wrote, as all but the oldest records are, is read by the generated decoder; fastavro
    reads the rest, and says what is wrong with bytes that the generated one does not take.
    """

    def __init__(self, schema_name: str, source: SchemaSource) -> None:
        self._name = schema_name
        self._plain = avro_schemas.integer_schema(schema_name)
        self._reader = fastavro.parse_schema(avro_schemas.integer_schema(schema_name))
        self._generated = DECODERS[schema_name]
        self._source = source
        self._writers: dict[int, Any] = {}
        self._ours: set[bytes] = set()
        """Headers of what our own version wrote."""

    def decode(self, data: bytes | None) -> dict[str, Any]:
        """The value in `data`. Raises Undecodable, UnknownSchema or RegistryUnavailable."""
        if data is not None and data[: _HEADER.size] in self._ours:
            try:
                return self._generated(data, _HEADER.size)
            except Exception:  # whatever wrong bytes lead to; or they are right, but unusual
                return self._decode_completely(data)
        return self._decode_completely(data)

    def _decode_completely(self, data: bytes | None) -> dict[str, Any]:
        schema_id = schema_id_of(data)
        if data is None or schema_id is None:
            raise Undecodable(
                f"expected a zero byte and a schema id before a {self._name}; got {_glimpse(data)}"
            )
        writer = self._writers.get(schema_id) or self._learn(schema_id)
        buffer = BytesIO(data)
        buffer.seek(_HEADER.size)
        try:
            reader = None if writer is self._reader else self._reader
            value: dict[str, Any] = fastavro.schemaless_reader(buffer, writer, reader)
        except Exception as error:  # fastavro raises what the bytes lead it to: EOF, index, unicode, overflow
            # Never the error's own text: it may quote the whole record.
            fault = type(error).__name__
            raise Undecodable(f"not a {self._name} of schema id {schema_id}: {fault}") from error
        if buffer.tell() != len(data):
            raise Undecodable(f"{len(data) - buffer.tell()} bytes too many after a {self._name}")
        return value

    def _learn(self, schema_id: int) -> Any:
        written = avro_schemas.without_logical_types(self._source.schema(schema_id))
        writer = self._reader if written == self._plain else _parsed(written, schema_id)
        self._writers[schema_id] = writer
        if writer is self._reader:
            self._ours.add(_HEADER.pack(MAGIC, schema_id))
        return writer


def schema_id_of(data: bytes | None) -> int | None:
    """The schema id that the bytes name; None where they are not in the wire format at all."""
    if data is None or len(data) < _HEADER.size:
        return None
    magic, schema_id = _HEADER.unpack_from(data)
    return int(schema_id) if magic == MAGIC else None


def _parsed(document: dict[str, Any], schema_id: int) -> Any:
    try:
        return fastavro.parse_schema(document)
    except Exception as error:
        raise Undecodable(f"schema id {schema_id} is not an Avro schema: {type(error).__name__}") from error


def _glimpse(data: bytes | None) -> str:
    return "nothing" if not data else f"{len(data)} bytes beginning {data[:8].hex(' ')}"
