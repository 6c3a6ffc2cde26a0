"""The schema registry: which id a schema has, which schema an id names. Both are cached for ever.

Ids are immutable in a registry, so a cached answer never goes stale.
"""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas import avro_schemas
from schemas.topics import Namespace, Topic
from wire.errors import NotRegistered, RegistryUnavailable, UnknownSchema

# confluent-kafka speaks to the registry through httpx2, whose errors are not httpx's.
Answer = TypeVar("Answer")

COMPATIBILITY = "FULL_TRANSITIVE"
NOT_FOUND = 404
MISSING_FOR_S = 10.0


def _ask(question: Callable[[], Answer], url: str) -> Answer:
    """Run one registry call. Raises SchemaRegistryError for an answer 4xx, else RegistryUnavailable."""
    try:
        return question()
    except SchemaRegistryError as error:
        if error.http_status_code < 500:
            raise
        raise RegistryUnavailable(f"schema registry {url} answers {error}") from error
    except (httpx2.HTTPError, OSError) as error:
        raise RegistryUnavailable(f"schema registry {url} cannot be reached: {error}") from error


def without_credentials(url: str) -> str:
    """The registry's URL, fit for logs, messages and files."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Registry:
    """A registry that speaks Confluent's API, at its base URL; that may hold a user and a password."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = without_credentials(url)
        self._client = SchemaRegistryClient({"url": url, "timeout": 10, "max.retries": 2})
        self._clock = clock
        self._schemas: dict[int, dict[str, Any]] = {}
        self._missing: dict[int, float] = {}
        """Ids that were asked for in vain, and until when that is believed."""

    def __enter__(self) -> "Registry":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the registry."""
        self._client.close()

    def register(self, topic: Topic, namespace: Namespace) -> int:
        """Register the topic's value schema under FULL_TRANSITIVE and return its id; again is harmless.

        Raises SchemaRegistryError (409) where the schema breaks readers of an earlier version.
        """
        subject = namespace.subject(topic)
        schema_id = _ask(lambda: self._client.register_schema(subject, _document(topic)), self._url)
        _ask(lambda: self._client.set_compatibility(subject, COMPATIBILITY), self._url)
        return schema_id

    def id_of(self, topic: Topic, namespace: Namespace) -> int:
        """The id of our version of the topic's schema. Raises NotRegistered or RegistryUnavailable."""
        subject = namespace.subject(topic)
        try:
            found = _ask(lambda: self._client.lookup_schema(subject, _document(topic)), self._url)
        except SchemaRegistryError as error:
            if error.http_status_code != NOT_FOUND:
                raise RegistryUnavailable(f"schema registry {self._url} answers {error}") from error
            raise NotRegistered(
                f"{subject} has no schema like ours ({error.error_message}): run `sillage schemas apply`"
            ) from error
        if found.schema_id is None:
            raise RegistryUnavailable(f"schema registry {self._url} found {subject} but gave it no id")
        return found.schema_id

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema with that id. Raises UnknownSchema or RegistryUnavailable."""
        known = self._schemas.get(schema_id)
        if known is None:
            if self._missing.get(schema_id, 0.0) > self._clock():
                raise UnknownSchema(f"schema id {schema_id} is not in the registry")
            try:
                found = _ask(lambda: self._client.get_schema(schema_id), self._url)
            except SchemaRegistryError as error:
                if error.http_status_code != NOT_FOUND:
                    raise RegistryUnavailable(f"schema registry {self._url} answers {error}") from error
                self._missing[schema_id] = self._clock() + MISSING_FOR_S
                raise UnknownSchema(f"schema id {schema_id} is not in the registry") from error
            known = self._schemas[schema_id] = json.loads(found.schema_str or "{}")
        return known


def _document(topic: Topic) -> Schema:
    if topic.value is None:
        raise ValueError(f"topic {topic.name} holds engine state: it has no schema to register")
    return Schema(avro_schemas.schema_text(topic.value), "AVRO")
