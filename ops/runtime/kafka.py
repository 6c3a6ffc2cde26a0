"""Kafka, one KRaft node."""

import base64
import socket
import subprocess
import uuid
from pathlib import Path
from string import Template

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from ops.runtime.distribution import Distribution
from ops.runtime.errors import StartFailed
from ops.runtime.home import NATIVE, Home
from ops.runtime.ports import HOST, Ports
from ops.runtime.program import Program

HEAP = "-Xmx512m"


def configuration(template: str, home: Home, ports: Ports) -> str:
    """The text of server.properties."""
    return Template(template).substitute(
        kafka_port=ports.kafka, controller_port=ports.controller, data=home.kafka / "data"
    )


def prepare(home: Home, ports: Ports, distribution: Distribution) -> None:
    """Write the configuration; format the data folder if it is new."""
    properties = home.kafka / "server.properties"
    properties.write_text(configuration((NATIVE / "kafka.properties").read_text(), home, ports))
    if (home.kafka / "data" / "meta.properties").exists():
        return
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # Joined by "=": one id in 64 begins with a dash, which would pass for an option.
    named = f"--cluster-id={cluster}"
    tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", named, "-c", str(properties))
    done = subprocess.run(
        _java(distribution, "-XX:TieredStopAtLevel=1", *tool), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise StartFailed("kafka", "could not format its data folder", done.stdout + done.stderr)


def program(home: Home, distribution: Distribution) -> Program:
    """The broker; it needs half a minute at most to leave in good order."""
    return Program(
        name="kafka",
        group="kafka",
        command=_java(distribution, HEAP, "kafka.Kafka", str(home.kafka / "server.properties")),
        directory=home.kafka,
        stop_wait_s=30,
    )


def ready(ports: Ports) -> bool:
    """Whether the broker answers a metadata request."""
    try:
        socket.create_connection((HOST, ports.kafka), timeout=1).close()  # librdkafka would log the refusal
        AdminClient({"bootstrap.servers": f"{HOST}:{ports.kafka}"}).list_topics(timeout=3)
    except (OSError, KafkaException):
        return False
    return True


def _java(distribution: Distribution, *arguments: str) -> tuple[str, ...]:
    log4j = f"-Dlog4j2.configurationFile={Path(NATIVE / 'log4j2.properties')}"
    return ("java", "-XX:+UseSerialGC", log4j, "-cp", f"{distribution.kafka_jars}/*", *arguments)
