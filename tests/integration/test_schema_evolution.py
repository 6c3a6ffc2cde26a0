"""What docs/topics.md promises of how schemas change is what the registry lets through."""

from contextlib import closing
from typing import Any

import orjson
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from schemas import avro_schemas
from schemas.topics import TOPICS, Namespace, Topic
from tests.stack import Stack

pytestmark = pytest.mark.integration

REQUIRED = {"name": "new", "type": "string"}
TYPED = [topic for topic in TOPICS if topic.value is not None]


def changed(topic: Topic, *, add: dict[str, Any] | None = None, drop: str = "") -> Schema:
    document = avro_schemas.schema(str(topic.value))
    document["fields"] = [field for field in document["fields"] if field["name"] != drop]
    document["fields"] += [] if add is None else [add]
    return Schema(orjson.dumps(document).decode(), "AVRO")


@pytest.mark.parametrize("topic", TYPED, ids=lambda topic: topic.name)
def test_a_field_may_come_with_a_default_and_none_may_go(stack: Stack, namespace: str, topic: Topic) -> None:
    subject = Namespace(namespace).subject(topic)
    first = avro_schemas.schema(str(topic.value))["fields"][0]["name"]
    optional = {"name": "new", "type": ["null", "string"], "default": None}
    with closing(SchemaRegistryClient({"url": stack.registry_url})) as registry:
        assert registry.test_compatibility(subject, changed(topic, add=optional))
        assert not registry.test_compatibility(subject, changed(topic, add=REQUIRED))
        assert not registry.test_compatibility(subject, changed(topic, drop=first))
