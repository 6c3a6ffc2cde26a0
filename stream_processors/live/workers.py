"""Which worker holds which partition, told by Kafka: whoever is asked can pass a question on.

Each member of a consumer group names its live address in its client id; the group's coordinator knows who
has what. What it says may be a moment old: a worker that no longer holds a partition says so itself.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from wire.clients import ERRORS_ONLY, Cluster

REQUEST_TIMEOUT_S = 5.0
FRESH_S = 1.0
PATIENCE_S = 2.0
"""A question waits this long for Kafka; the look-up goes on for those that come later."""


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
    """Who has what, by group; answers are kept for a second. However many ask, one look-up is under way."""

    def __init__(
        self, look_up: Callable[[str], Mapping[int, str]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`look_up` gives addresses by partition for a group; it may block."""
        self._look_up = look_up
        self._clock = clock
        self._known: dict[str, tuple[float, Mapping[int, str]]] = {}
        self._under_way: dict[str, asyncio.Task[Mapping[int, str]]] = {}
        # Threads of its own: while Kafka does not answer, nobody else is to wait behind live reads.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="live-workers")

    async def addresses(self, group: str) -> Mapping[int, str]:
        """Address (host:port) by partition, for the partitions that somebody holds.

        Empty while the group is rebalancing or Kafka does not answer.
        """
        at, known = self._known.get(group, (-FRESH_S, {}))
        if self._clock() - at < FRESH_S:
            return known
        asking = self._under_way.get(group)
        if asking is None:
            asking = self._under_way[group] = asyncio.create_task(self._ask(group))
        done, _ = await asyncio.wait({asking}, timeout=PATIENCE_S)
        return asking.result() if done else {}

    async def _ask(self, group: str) -> Mapping[int, str]:
        try:
            known = await asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, group)
            self._known[group] = (self._clock(), known)
            return known
        finally:
            del self._under_way[group]


class Coordinator:
    """Asks Kafka who is a member of which group, and what it was given."""

    def __init__(self, cluster: Cluster) -> None:
        self._admin = AdminClient({**cluster.base("sillage-live"), "log_level": ERRORS_ONLY})

    def addresses(self, group: str) -> Mapping[int, str]:
        """Address (host:port) by partition; empty where Kafka does not answer. Blocking."""
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
