"""Settings of the Kafka clients: what every producer and consumer of the project agrees on."""

from dataclasses import dataclass

from wire.security import PLAIN, Security

PARTITIONER = "murmur2_random"
"""The Java clients' default: the same key finds the same partition from whichever client."""

ERRORS_ONLY = 2
"""For `log_level`, of syslog's: a broker that is away would be a line for each attempt, and is told by an
exception."""

Settings = dict[str, str | int | float | bool]
"""librdkafka configuration."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where Kafka is, and how to be let in."""

    bootstrap: str
    security: Security = PLAIN

    def base(self, client_id: str) -> Settings:
        """Settings every librdkafka client shares."""
        return {"bootstrap.servers": self.bootstrap, "client.id": client_id, **self.security.librdkafka()}


def producer_settings(cluster: Cluster, client_id: str) -> Settings:
    """An idempotent producer that reports success only when all in-sync replicas have the record."""
    return {
        **cluster.base(client_id),
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": PARTITIONER,
        "compression.type": "lz4",
        "linger.ms": 5,
    }


def consumer_settings(cluster: Cluster, client_id: str, group: str) -> Settings:
    """A consumer that commits only what it is told to, and never sees an aborted transaction's records."""
    return {
        **cluster.base(client_id),
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": False,
    }
