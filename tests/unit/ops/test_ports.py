"""Ports of an instance."""

import socket
from dataclasses import astuple

import pytest

from ops.runtime.errors import PortTaken
from ops.runtime.ports import Ports


def test_ports_follow_the_base_in_the_documented_order() -> None:
    ports = Ports.from_base(7100)
    assert (ports.gateway, ports.live, ports.sink) == (7100, 7101, 7102)
    assert (ports.kafka, ports.registry, ports.postgres) == (7103, 7104, 7105)
    assert (ports.controller, ports.supervisor) == (7106, 7107)


def test_free_ports_are_distinct_and_free() -> None:
    ports = Ports.free()
    assert len(set(astuple(ports))) == 8
    ports.check_free()


def test_a_taken_port_is_named_with_its_purpose_its_holder_and_a_way_out() -> None:
    ports = Ports.free()
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.kafka))
        other.listen()
        with pytest.raises(PortTaken) as refusal:
            ports.check_free()
    message = str(refusal.value)
    assert f"port {ports.kafka} (kafka)" in message
    assert "pid" in message
    assert "--port-base" in message
