"""Schema ids, remembered: a gateway that starts while the registry is away can write all the same.

An id names one schema for ever, so what a registry said once stays true for that registry. The file is a JSON
object: for each registry, subject and schema text the id.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from schemas.avro_schemas import schema_text
from schemas.topics import Namespace, Topic

_FILE: Final = "schema-ids.json"


class Registry(Protocol):
    """Who knows the ids (wire.registry.Registry)."""

    def id_of(self, topic: Topic, namespace: Namespace) -> int:
        """Raises RegistryUnavailable."""
        ...


class SchemaIds:
    """Ids from a registry, kept in a folder."""

    def __init__(self, registry: Registry, registry_url: str, space: Namespace, folder: Path) -> None:
        self._registry = registry
        self._url = registry_url
        self._space = space
        self._file = folder / _FILE

    def remembered(self, topic: Topic) -> int | None:
        """What the registry said in an earlier run; None where that is not known."""
        found = self._read().get(self._name(topic))
        return found if isinstance(found, int) else None

    def ask(self, topic: Topic) -> int:
        """What the registry says now; remembered. Raises RegistryUnavailable."""
        schema_id = self._registry.id_of(topic, self._space)
        if self.remembered(topic) != schema_id:
            with suppress(OSError):
                self._write(self._read() | {self._name(topic): schema_id})
        return schema_id

    def _name(self, topic: Topic) -> str:
        text = hashlib.sha256(schema_text(topic.value or "").encode()).hexdigest()
        return f"{self._url} {self._space.subject(topic)} {text}"

    def _read(self) -> dict[str, object]:
        try:
            document = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _write(self, document: dict[str, object]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(document, indent=1))
        fresh.replace(self._file)
