"""Whether the gateway can do its work, and if not, why."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar

import structlog
from confluent_kafka import KafkaException

from ingest_gateway.publisher import KafkaPublisher
from wire.errors import RegistryUnavailable

Schemas = TypeVar("Schemas")

_PROBE_EVERY_S: Final = 3.0
_PROBE_TIMEOUT_S: Final = 2.0
_REGISTRY_FIRST_WAIT_S: Final = 0.25
_REGISTRY_LONGEST_WAIT_S: Final = 5.0
_log = structlog.get_logger()


class Need(StrEnum):
    """What the gateway cannot do without."""

    SCHEMAS = "schemas"
    KAFKA = "kafka"
    PROCESS = "process"


class Readiness:
    """What is missing now. Starts with everything missing that has to be found first."""

    def __init__(self) -> None:
        self._missing: dict[Need, str] = {
            Need.SCHEMAS: "the schema registry has not answered yet",
            Need.KAFKA: "Kafka has not answered yet",
        }

    @property
    def missing(self) -> dict[str, str]:
        """Why not ready, by need; empty when ready."""
        return {need.value: why for need, why in self._missing.items()}

    def met(self, need: Need) -> None:
        """The need is met now."""
        if self._missing.pop(need, None) is not None:
            _log.info("ready_for", need=need.value, still_missing=sorted(self.missing))

    def unmet(self, need: Need, why: str) -> None:
        """The need is not met now. Logged where that, or why, is news."""
        if self._missing.get(need) != why:
            _log.warning("not_ready", need=need.value, why=why)
        self._missing[need] = why


async def watch_kafka(readiness: Readiness, publisher: KafkaPublisher, topic: str) -> None:
    """Keep `Need.KAFKA` true to the facts.

    An acknowledged batch is proof enough. Else Kafka is asked; its answer counts only where batches were not
    given up one after the other.
    """
    loop = asyncio.get_running_loop()
    deliveries = publisher.deliveries
    while True:
        ack = deliveries.last_ack
        if ack is None or deliveries.failing or loop.time() - ack > _PROBE_EVERY_S:
            asked = await asyncio.to_thread(_problem_with, publisher, topic)
            problem = asked or deliveries.problem(loop.time())
        else:
            problem = None
        if problem is None:
            readiness.met(Need.KAFKA)
        else:
            readiness.unmet(Need.KAFKA, problem)
        await asyncio.sleep(_PROBE_EVERY_S if problem is None else _PROBE_EVERY_S / 10)


def _problem_with(publisher: KafkaPublisher, topic: str) -> str | None:
    try:
        found = publisher.client.list_topics(topic, timeout=_PROBE_TIMEOUT_S).topics[topic]
    except KafkaException as error:
        return f"Kafka does not answer: {error.args[0].str()}"
    if found.error is not None:
        return f"topic {topic}: {found.error.str()}; run `sillage topics apply`"
    return None


async def await_schemas(readiness: Readiness, look_up: Callable[[], Schemas]) -> Schemas:
    """Ask the registry until it knows what we write. `look_up` may block, and raises RegistryUnavailable."""
    wait_s = _REGISTRY_FIRST_WAIT_S
    while True:
        try:
            found = await asyncio.to_thread(look_up)
        except RegistryUnavailable as error:
            readiness.unmet(Need.SCHEMAS, str(error))
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _REGISTRY_LONGEST_WAIT_S)
        else:
            readiness.met(Need.SCHEMAS)
            return found
