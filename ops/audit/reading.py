"""Avro as the audit reads it: by fastavro alone.

Agents and sink read with generated code (`schemas/avro_decoders.py`), and agree with one another where that
misreads a field. So the audit does without it.
"""

from io import BytesIO
from typing import Any, Final

import fastavro

from schemas import avro_schemas
from wire.codec import SchemaSource, schema_id_of
from wire.errors import Undecodable

HEADER_BYTES: Final = 5


class AvroReader:
    """Values of one of our schemas, whichever version wrote them; times are epoch milliseconds."""

    def __init__(self, schema_name: str, source: SchemaSource) -> None:
        self._name = schema_name
        self._ours = fastavro.parse_schema(avro_schemas.integer_schema(schema_name))
        self._source = source
        self._writers: dict[int, Any] = {}

    def read(self, data: bytes | None) -> dict[str, Any]:
        """The value in `data`. Raises Undecodable, UnknownSchema or RegistryUnavailable."""
        schema_id = schema_id_of(data)
        if data is None or schema_id is None:
            raise Undecodable(f"no schema id before a {self._name}")
        writer = self._writers.get(schema_id) or self._learn(schema_id)
        buffer = BytesIO(data)
        buffer.seek(HEADER_BYTES)
        try:
            reader = None if writer is self._ours else self._ours
            value: dict[str, Any] = fastavro.schemaless_reader(buffer, writer, reader)
        except Exception as error:  # whatever wrong bytes lead fastavro to
            raise Undecodable(
                f"not a {self._name} of schema id {schema_id}: {type(error).__name__}"
            ) from error
        if buffer.tell() != len(data):
            raise Undecodable(f"{len(data) - buffer.tell()} bytes too many after a {self._name}")
        return value

    def _learn(self, schema_id: int) -> Any:
        document = avro_schemas.without_logical_types(self._source.schema(schema_id))
        try:
            writer = fastavro.parse_schema(document)
        except Exception as error:
            raise Undecodable(f"schema id {schema_id} is no Avro schema: {type(error).__name__}") from error
        self._writers[schema_id] = self._ours if writer == self._ours else writer
        return self._writers[schema_id]
