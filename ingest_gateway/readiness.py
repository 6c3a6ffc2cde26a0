"""Whether the gateway can do its work, and if not, why."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar

import structlog
from confluent_kafka import KafkaException

from ingest_gateway.breaker import Breaker
from ingest_gateway.publisher import KafkaPublisher
from ingest_gateway.spool.spool import Spool
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
        self.degraded: str | None = None
        """Why events go to the spool instead of Kafka, while they do."""

    @property
    def missing(self) -> dict[str, str]:
        """Why not ready, by need; empty when ready."""
        return {need.value: why for need, why in self._missing.items()}

    def met(self, need: Need) -> None:
        """The need is met now."""
        if self._missing.pop(need, None) is not None:
            _log.info("ready_for", need=need.value, still_missing=sorted(self.missing))
        if need is Need.KAFKA and self.degraded is not None:
            _log.info("kafka_takes_events_again")
            self.degraded = None

    def by_the_spool(self, why: str) -> None:
        """Kafka takes nothing, and the spool does. Logged where that is news."""
        self._missing.pop(Need.KAFKA, None)
        if self.degraded is None:
            _log.warning("events_go_to_the_spool", why=why)
        self.degraded = why

    def unmet(self, need: Need, why: str) -> None:
        """The need is not met now. Logged where that, or why, is news."""
        if self._missing.get(need) != why:
            _log.warning("not_ready", need=need.value, why=why)
        self._missing[need] = why


async def watch_deliveries(
    readiness: Readiness, kafka: KafkaPublisher, breaker: Breaker, spool: Spool
) -> None:
    """Keep `Need.KAFKA` true to the facts: it is met while Kafka or the spool can take events."""
    loop = asyncio.get_running_loop()
    while True:
        problem = breaker.why
        if problem is None and (breaker.last_ack is None or loop.time() - breaker.last_ack > _PROBE_EVERY_S):
            problem = await asyncio.to_thread(_problem_with, kafka)
        full = spool.problem()
        if spool.broken is not None:
            spool.try_again()
        if problem is None:
            readiness.met(Need.KAFKA)
        elif full is None:
            readiness.by_the_spool(problem)
        else:
            readiness.unmet(Need.KAFKA, f"{problem}; {full}")
        await asyncio.sleep(_PROBE_EVERY_S if problem is None else _PROBE_EVERY_S / 10)


def _problem_with(kafka: KafkaPublisher) -> str | None:
    topic = kafka.topic
    try:
        found = kafka.client.list_topics(topic, timeout=_PROBE_TIMEOUT_S).topics[topic]
    except KafkaException as error:
        return f"Kafka does not answer: {error.args[0].str()}"
    if found.error is not None:
        return f"topic {topic}: {found.error.str()}; run `sillage topics apply`"
    return None


async def await_schemas(readiness: Readiness, look_up: Callable[[], Schemas], remembered: bool) -> Schemas:
    """Ask the registry until it knows what we write. `look_up` may block, and raises RegistryUnavailable.

    `remembered`: what an earlier run was told serves until then.
    """
    if remembered:
        readiness.met(Need.SCHEMAS)
    wait_s = _REGISTRY_FIRST_WAIT_S
    while True:
        try:
            found = await asyncio.to_thread(look_up)
        except RegistryUnavailable as error:
            if not remembered:
                readiness.unmet(Need.SCHEMAS, str(error))
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _REGISTRY_LONGEST_WAIT_S)
        else:
            readiness.met(Need.SCHEMAS)
            return found
