"""A gateway that starts while the registry is away knows what an earlier run was told."""

from pathlib import Path

import pytest

from ingest_gateway.schema_ids import SchemaIds
from schemas.topics import DEAD_LETTER, INTERACTIONS, Namespace, Topic
from wire.errors import RegistryUnavailable

URL = "http://registry.example"


class Registry:
    """Knows one id, or is away."""

    def __init__(self, schema_id: int | None) -> None:
        self.schema_id = schema_id

    def id_of(self, topic: Topic, namespace: Namespace) -> int:
        if self.schema_id is None:
            raise RegistryUnavailable("away")
        return self.schema_id


def _ids(folder: Path, schema_id: int | None, url: str = URL, prefix: str = "") -> SchemaIds:
    return SchemaIds(Registry(schema_id), url, Namespace(prefix), folder)


def test_what_the_registry_said_is_known_to_later_runs(tmp_path: Path) -> None:
    assert _ids(tmp_path / "new", 7).remembered(INTERACTIONS) is None
    assert _ids(tmp_path / "new", 7).ask(INTERACTIONS) == 7
    later = _ids(tmp_path / "new", None)
    assert (later.remembered(INTERACTIONS), later.remembered(DEAD_LETTER)) == (7, None)
    with pytest.raises(RegistryUnavailable):
        later.ask(INTERACTIONS)


def test_another_registry_or_namespace_has_said_nothing(tmp_path: Path) -> None:
    _ids(tmp_path, 7).ask(INTERACTIONS)
    assert _ids(tmp_path, None, url="http://other.example").remembered(INTERACTIONS) is None
    assert _ids(tmp_path, None, prefix="other.").remembered(INTERACTIONS) is None


def test_the_newest_word_counts(tmp_path: Path) -> None:
    _ids(tmp_path, 7).ask(INTERACTIONS)
    _ids(tmp_path, 8).ask(INTERACTIONS)
    assert _ids(tmp_path, None).remembered(INTERACTIONS) == 8


def test_a_file_that_cannot_be_read_or_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "schema-ids.json").write_text("[torn")
    assert _ids(tmp_path, 7).remembered(INTERACTIONS) is None
    assert _ids(tmp_path / "schema-ids.json", 7).ask(INTERACTIONS) == 7
