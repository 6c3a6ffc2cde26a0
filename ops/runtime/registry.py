"""Apicurio Registry: the schemas, kept in Kafka, behind Confluent's API."""

import httpx

from ops.runtime.distribution import Distribution
from ops.runtime.home import Home
from ops.runtime.ports import HOST, Ports
from ops.runtime.program import Program

CONFLUENT_API = "/apis/ccompat/v7"

# It does little: the quick compiler suffices, and it starts sooner for it.
JVM = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

STORAGE = "io.apicurio.registry.storage.impl.kafkasql.KafkaSqlRegistryStorage"

SETTINGS = {
    "apicurio.storage.kind": "kafkasql",
    # How long it looks for a snapshot of its journal at start; it makes none (next line).
    "apicurio.kafkasql.consumer.poll.timeout": "1000",
    "apicurio.kafkasql.snapshot.every.seconds": "315360000s",
    "quarkus.http.host": HOST,
    "quarkus.http.access-log.enabled": "false",
    "quarkus.banner.enabled": "false",
    "quarkus.log.level": "WARN",
    "quarkus.log.console.format": "%d{HH:mm:ss.SSS} %-5p %c{1}: %s%e%n",
    'quarkus.log.category."io.apicurio".level': "WARN",
    # Its Kafka clients repeat themselves while Kafka is away; two warn of nothing at every start and end.
    'quarkus.log.category."org.apache.kafka".level': "ERROR",
    'quarkus.log.category."io.quarkus.runtime.configuration".level': "ERROR",
    f'quarkus.log.category."{STORAGE}_Bean".level': "OFF",
}


def url(ports: Ports) -> str:
    """Base URL of the Confluent-compatible API."""
    return f"http://{HOST}:{ports.registry}{CONFLUENT_API}"


def program(home: Home, ports: Ports, distribution: Distribution) -> Program:
    """The registry; started before Kafka answers, it waits for it."""
    settings = SETTINGS | {
        "quarkus.http.port": str(ports.registry),
        "apicurio.kafkasql.bootstrap.servers": f"{HOST}:{ports.kafka}",
    }
    flags = tuple(f"-D{key}={value}" for key, value in settings.items())
    return Program(
        name="registry",
        group="stores",
        command=("java", *JVM, *flags, "-jar", str(distribution.registry_jar)),
        directory=home.registry,
    )


def ready(ports: Ports) -> bool:
    """Whether it lists its subjects, which it does only after it has read its journal."""
    try:
        return httpx.get(f"{url(ports)}/subjects", timeout=3).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
