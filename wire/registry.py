"""The schema registry: which id a schema has, which schema an id names. Both are cached for ever.

Ids are immutable in a registry, so a cached answer never goes stale.
"""

import json
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from schemas import avro_schemas
from schemas.topics import Namespace, Topic
from wire.errors import NotRegistered, RegistryRefuses, RegistryUnavailable, UnknownSchema
from wire.registry_api import RegistryApi

COMPATIBILITY: Final = "FULL_TRANSITIVE"
MISSING_FOR_S: Final = 10.0


class Registry:
    """A registry that speaks Confluent's API, at its base URL; that may hold a user and a password."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = RegistryApi(url)
        self._clock = clock
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, dict[str, Any]] = {}
        self._missing: dict[int, float] = {}
        """Ids that were asked for in vain, and until when that is believed."""

    def register(self, topic: Topic, namespace: Namespace) -> int:
        """Register the topic's value schema under FULL_TRANSITIVE and return its id; again is harmless.

        Raises RegistryRefuses (409) where the schema breaks readers of an earlier version, or
        RegistryUnavailable.
        """
        subject = quote(namespace.subject(topic), safe="")
        schema_id = _id_in(self._api.ask("POST", f"/subjects/{subject}/versions", _document(topic)))
        self._api.ask("PUT", f"/config/{subject}", {"compatibility": COMPATIBILITY})
        return schema_id

    def look_up(self, topics: Collection[Topic], namespace: Namespace) -> None:
        """Ask for several ids at once: `id_of` knows them from then on. Raises what it raises."""
        with ThreadPoolExecutor(len(topics), thread_name_prefix="registry") as threads:
            for _known in threads.map(lambda topic: self.id_of(topic, namespace), topics):
                pass

    def id_of(self, topic: Topic, namespace: Namespace) -> int:
        """The id of our version of the topic's schema. Raises NotRegistered or RegistryUnavailable."""
        subject = namespace.subject(topic)
        known = self._ids.get(subject)
        if known is None:
            try:
                found = self._api.ask("POST", f"/subjects/{quote(subject, safe='')}", _document(topic))
            except RegistryRefuses as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise RegistryUnavailable(str(error)) from error
                raise NotRegistered(
                    f"{subject} has no schema like ours ({error}): run `sillage schemas apply`"
                ) from error
            known = self._ids[subject] = _id_in(found)
        return known

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema with that id. Raises UnknownSchema or RegistryUnavailable."""
        known = self._schemas.get(schema_id)
        if known is None:
            if self._missing.get(schema_id, 0.0) > self._clock():
                raise UnknownSchema(f"schema id {schema_id} is not in the registry")
            try:
                found = self._api.ask("GET", f"/schemas/ids/{schema_id}")
            except RegistryRefuses as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise RegistryUnavailable(str(error)) from error
                self._missing[schema_id] = self._clock() + MISSING_FOR_S
                raise UnknownSchema(f"schema id {schema_id} is not in the registry") from error
            known = self._schemas[schema_id] = _schema_in(found)
        return known


def _document(topic: Topic) -> dict[str, str]:
    if topic.value is None:
        raise ValueError(f"topic {topic.name} holds engine state: it has no schema to register")
    return {"schema": avro_schemas.schema_text(topic.value), "schemaType": "AVRO"}


def _id_in(answer: Any) -> int:
    try:
        return int(answer["id"])
    except (TypeError, KeyError, ValueError) as error:
        raise RegistryUnavailable(f"the schema registry gives no id: {answer!r}") from error


def _schema_in(answer: Any) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = json.loads(answer["schema"])
    except (TypeError, KeyError, ValueError) as error:
        raise RegistryUnavailable("the schema registry gives no schema for an id that it knows") from error
    return schema
