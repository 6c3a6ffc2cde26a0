"""The published topics as anybody else reads them: Confluent's stock deserializer, none of our codec."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from schemas.topics import Namespace, Topic
from tests.topic import last_values, stream_topic

Row = dict[str, Any]


class StockReader:
    """Reads whole topics, committed records only. Times come as epoch milliseconds, days as epoch days."""

    def __init__(self, bootstrap: str, registry_url: str, space: Namespace) -> None:
        self._bootstrap = bootstrap
        self._space = space
        self._registry = SchemaRegistryClient({"url": registry_url})
        self._deserialize = AvroDeserializer(self._registry)

    def close(self) -> None:
        """Let go of the connections to the registry."""
        self._registry.close()

    def rows(self, topic: Topic) -> dict[str, Row]:
        """The last row of each key, as a reader who begins now would have it; without those deleted."""
        name = self._space.topic(topic)
        values = last_values(self._bootstrap, name)
        return {key: self._value(name, data) for key, data in values.items() if data is not None}

    def values(self, topic: Topic) -> Iterator[Row]:
        """Every value; in offset order within a partition."""
        name = self._space.topic(topic)
        for message in stream_topic(self._bootstrap, name):
            yield self._value(name, message.value())

    def _value(self, name: str, data: bytes | None) -> Row:
        context = SerializationContext(name, MessageField.VALUE)
        value = self._deserialize(data, context)
        assert isinstance(value, dict), f"{name}: {data!r} is no row"
        row: Row = _plain(value)
        return row


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(field) for name, field in value.items()}
        case list():
            return [_plain(element) for element in value]
        case datetime():
            return round(value.timestamp() * 1000)
        case date():
            return value.toordinal() - date(1970, 1, 1).toordinal()
    return value
