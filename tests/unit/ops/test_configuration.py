"""What the servers and the supervisor are told."""

import configparser
import shlex
from pathlib import Path

import pytest

from ops.runtime import kafka, postgres, services
from ops.runtime.configuration import configuration
from ops.runtime.home import NATIVE, Home
from ops.runtime.ports import Ports
from ops.runtime.program import LOUD_STOP
from ops.runtime.state import State


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "100% my instance")


@pytest.fixture
def state() -> State:
    return State.new(Ports.from_base(7200))


def _sections(text: str) -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    return parsed


def test_kafka_keeps_to_the_loopback_interface_and_to_its_folder(home: Home, state: State) -> None:
    template = (NATIVE / "kafka.properties").read_text()
    lines = kafka.configuration(template, home, state.ports).splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:7203,CONTROLLER://127.0.0.1:7206"
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:7203"
    assert settings["log.dirs"] == str(home.kafka / "data")
    assert settings["auto.create.topics.enable"] == "false"


def test_a_service_that_stops_loudly_is_left_alone_and_any_other_end_is_restarted(
    home: Home, state: State
) -> None:
    parsed = _sections(configuration(home, state, services.programs(home, state, "")))
    for name in ("gateway", "streams", "sink"):
        program = parsed[f"program:{name}"]
        assert program["autorestart"] == "unexpected"
        assert program["exitcodes"] == f"0,{LOUD_STOP}"
        assert program["startsecs"] == "0"
        assert program["killasgroup"] == "true"


def test_what_the_supervisor_reads_is_what_was_meant_even_in_an_odd_folder(home: Home, state: State) -> None:
    server = postgres.program(home, state, (), durable=True)
    parsed = _sections(configuration(home, state, [server]))
    command = parsed["program:postgres"]["command"].replace("%%", "%")
    assert tuple(shlex.split(command)) == server.command


def test_services_stop_first_and_kafka_last(home: Home, state: State) -> None:
    programs = [*services.programs(home, state, ""), postgres.program(home, state, (), durable=True)]
    parsed = _sections(configuration(home, state, programs))
    assert parsed["group:services"]["programs"] == "gateway,streams,sink"
    # The supervisor stops the highest priority first.
    assert int(parsed["group:services"]["priority"]) > int(parsed["group:stores"]["priority"])


def test_only_tests_run_without_waiting_for_the_disk(home: Home, state: State) -> None:
    assert "fsync=off" not in postgres.program(home, state, (), durable=True).command
    assert "fsync=off" in postgres.program(home, state, (), durable=False).command


def test_the_guard_is_there_only_for_an_owned_instance(home: Home, state: State) -> None:
    assert "program:guard" not in configuration(home, state, [])
    assert "ops.runtime.guard 4711" in configuration(home, state, [], owner=4711)


def test_the_database_user_needs_every_folder_on_the_way_to_be_open(tmp_path: Path) -> None:
    inner = tmp_path / "open" / "data"
    inner.mkdir(parents=True)
    nobody = 65_534
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o001 == 0:
            assert not postgres.reachable(inner, nobody, nobody)
            return
    tmp_path.chmod(0o700)
    assert not postgres.reachable(inner, nobody, nobody)
    tmp_path.chmod(0o701)
    assert postgres.reachable(inner, nobody, nobody)
