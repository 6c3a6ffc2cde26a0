"""Everything between an encoded batch and the topic, put together: Kafka client, breaker, spool, drainer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from ingest_gateway.adoption import Adoption
from ingest_gateway.breaker import Breaker
from ingest_gateway.dead_letters import DeadLetters
from ingest_gateway.drainer import Drainer
from ingest_gateway.errors import Misconfigured
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.publisher import KafkaPublisher
from ingest_gateway.quarantine import Quarantine
from ingest_gateway.settings import Settings
from ingest_gateway.spool.ledger import Bounds
from ingest_gateway.spool.slots import Slot, claim
from ingest_gateway.spool.spool import Spool
from ingest_gateway.store_and_forward import StoreAndForward
from ingest_gateway.wall_clock import now_ms
from schemas.topics import INTERACTIONS, Namespace
from telemetry.sparse_logs import sparse_logger
from wire.clients import producer_settings

_FLUSH_S: Final = 3.0
_HURRIED_FLUSH_S: Final = 0.5
"""While Kafka is away: what is in flight is in the spool as well."""
_DELIVERY_TIMEOUT_MS: Final = 120_000
"""How long the client tries; then the drainer takes over what it gave up."""
_LONGEST_RECONNECT_MS: Final = 500
_QUEUE_KIB: Final = 64 * 1024
_ROOM_FOR_DRAINING: Final = 2_000


class DeliveryPath:
    """The parts, made in the event loop they belong to."""

    def __init__(
        self,
        settings: Settings,
        slot: Slot,
        spool: Spool,
        topic: str,
        metrics: GatewayMetrics,
        on_fatal: Callable[[str], None],
    ) -> None:
        self.spool, self.breaker = spool, Breaker()
        if spool.ledger.entries:
            why = "what an earlier run left in the spool has not been delivered yet"
            self.breaker.trip(why, asyncio.get_running_loop().time())
        self.kafka = KafkaPublisher(
            client_settings(settings),
            topic=topic,
            patience_s=settings.ack_timeout_ms / 1_000,
            max_in_flight=settings.max_in_flight,
            breaker=self.breaker,
            metrics=metrics,
            on_fatal=on_fatal,
        )
        self.publisher = StoreAndForward(self.kafka, spool, self.breaker, metrics)
        self._slot = slot
        self._bounds = bounds_of(settings)
        self._metrics = metrics
        self._watch()

    @classmethod
    async def opened(
        cls, settings: Settings, space: Namespace, metrics: GatewayMetrics, on_fatal: Callable[[str], None]
    ) -> "DeliveryPath":
        """Claim a slot, read what is in it, make the parts. Raises Misconfigured for an unusable folder."""
        topic = space.topic(INTERACTIONS)
        try:
            slot = claim(settings.spool_dir / topic)
            spool = await Spool.open(slot.folder, bounds_of(settings), now_ms)
        except OSError as error:
            raise Misconfigured(f"SILLAGE_SPOOL_DIR: {settings.spool_dir} cannot be used: {error}") from error
        return cls(settings, slot, spool, topic, metrics, on_fatal)

    def background(self, dead_letters: DeadLetters) -> list[Coroutine[Any, Any, None]]:
        """What has to run all the time."""

        def drainer_of(spool: Spool) -> Drainer:
            quarantine = Quarantine(spool.folder, dead_letters.keep_record)
            return Drainer(spool, self.kafka, self.breaker, quarantine, self._metrics)

        adoption = Adoption(
            self.spool,
            self.breaker,
            self._metrics,
            open_spool=lambda folder: Spool.open(folder, self._bounds, now_ms),
            drainer_of=drainer_of,
        )
        watch = self._metrics.watch
        watch("spool_left_bytes", "Bytes in slots that no process holds.", lambda: adoption.left_bytes)
        watch("spool_adopted_records", "Records in the slot being adopted.", lambda: adoption.adopted_records)
        return [drainer_of(self.spool).run(), adoption.run()]

    async def close(self) -> int:
        """Wait a moment for what is in flight; returns how many records still are. The spool stays."""
        in_flight = self.kafka.close(_HURRIED_FLUSH_S if self.breaker.open else _FLUSH_S)
        if await self.spool.close():
            self._slot.release()
        return in_flight

    def _watch(self) -> None:
        ledger, breaker, watch = self.spool.ledger, self.breaker, self._metrics.watch
        watch("records_in_flight", "Records awaiting Kafka's word.", lambda: self.kafka.in_flight)
        watch("spool_entries", "Batches in the spool.", lambda: ledger.entries)
        watch("spool_records", "Records in the spool.", lambda: ledger.records)
        watch("spool_bytes", "What the spool takes on the disk.", lambda: ledger.bytes)
        watch("spool_oldest_seconds", "How long the oldest batch in the spool has waited.", self._oldest_s)
        watch("spool_damaged", "Places in its files that are no frame.", lambda: self.spool.damaged)
        watch("spool_lost_records", "Records lost by such damage while they waited.", lambda: ledger.lost)
        watch("breaker_open", "1 while events go straight to the spool.", lambda: breaker.open)
        watch("breaker_opened", "How often the breaker opened since the start.", lambda: breaker.opened)

    def _oldest_s(self) -> float:
        oldest = self.spool.ledger.oldest()
        return 0.0 if oldest is None else max(0.0, (now_ms() - oldest) / 1_000)


def bounds_of(settings: Settings) -> Bounds:
    """How much may wait, and how long."""
    return Bounds(settings.spool_max_mb * 1024 * 1024, settings.spool_max_age_s * 1_000)


def client_settings(settings: Settings) -> dict[str, Any]:
    """The producer's configuration: bounded in time, records and bytes."""
    return {
        **producer_settings(settings.cluster, "ingest-gateway"),
        "message.timeout.ms": _DELIVERY_TIMEOUT_MS,
        "reconnect.backoff.max.ms": _LONGEST_RECONNECT_MS,
        "queue.buffering.max.messages": settings.max_in_flight + _ROOM_FOR_DRAINING,
        "queue.buffering.max.kbytes": _QUEUE_KIB,
        "logger": sparse_logger("librdkafka"),
    }
