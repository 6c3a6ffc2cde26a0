"""Which worker holds which partition, told by Kafka: whoever is asked can pass a question on.

Each member of a consumer group names its live address in its client id; the group's coordinator knows who
has what. What it says may be a moment old: a worker that no longer holds a partition says so itself.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from wire.clients import Cluster

REQUEST_TIMEOUT_S = 5.0
FRESH_S = 1.0


def client_id(instance_id: str, address: str) -> str:
    """The client id of a worker that answers at this address (host:port)."""
    return f"{instance_id}@{address}"


class Told(NamedTuple):
    """What a client id tells."""

    instance_id: str
    address: str


def told_by(client_id: str) -> Told:
    """Who answers where, by a member's client id; the address is empty where the client is none of ours."""
    instance_id, _, address = client_id.rpartition("@")
    return Told(instance_id, address) if instance_id else Told(client_id, "")


class Workers:
    """Looks up the members of consumer groups; answers are kept for a second."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._admin = AdminClient(cluster.base("sillage-live"))
        self._clock = clock
        self._known: dict[str, tuple[float, Mapping[int, str]]] = {}

    async def addresses(self, group: str) -> Mapping[int, str]:
        """Address (host:port) by partition, for the partitions that somebody holds.

        Empty while the group is rebalancing or Kafka does not answer.
        """
        at, known = self._known.get(group, (-FRESH_S, {}))
        if self._clock() - at >= FRESH_S:
            known = await asyncio.to_thread(self._ask, group)
            self._known[group] = (self._clock(), known)
        return known

    def _ask(self, group: str) -> Mapping[int, str]:
        try:
            asked = self._admin.describe_consumer_groups([group], request_timeout=REQUEST_TIMEOUT_S)
            described = asked[group].result(2 * REQUEST_TIMEOUT_S)
        except (KafkaException, TimeoutError):
            return {}
        return {
            held.partition: told_by(member.client_id).address
            for member in described.members
            for held in member.assignment.topic_partitions
        }
