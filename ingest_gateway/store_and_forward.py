"""How a batch becomes safe: acknowledged by Kafka, or on this host's disk for a drainer to deliver.

Kafka is asked first and given a moment. What it has not acknowledged by then goes to the spool as well, while
the delivery goes on; whichever way an entry is delivered, the other lets it go.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Final, Protocol

from confluent_kafka import KafkaError

from ingest_gateway.breaker import Breaker
from ingest_gateway.errors import Unavailable
from ingest_gateway.metrics import GatewayMetrics, Spooling
from ingest_gateway.publisher import Delivery, Outcome
from ingest_gateway.record import Record
from ingest_gateway.spool.spool import Spool

_UNFIT: Final = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_MSG}
    | {KafkaError.INVALID_RECORD, KafkaError.INVALID_TIMESTAMP}
)


def concerns_the_record(error: KafkaError) -> bool:
    """Whether Kafka refuses this record, or those sent together with it, rather than all."""
    return error.code() in _UNFIT


class Kafka(Protocol):
    """Where batches go (publisher.KafkaPublisher)."""

    in_flight: int

    def takes(self, records: int) -> bool:
        """Whether so many more may be in flight."""
        ...

    def send(self, records: Sequence[Record]) -> Delivery:
        """Start the delivery of a batch."""
        ...


class StoreAndForward:
    """Publishes to Kafka or the spool. Belongs to one event loop."""

    def __init__(self, kafka: Kafka, spool: Spool, breaker: Breaker, metrics: GatewayMetrics) -> None:
        self._kafka = kafka
        self._spool = spool
        self._breaker = breaker
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()

    async def publish(self, records: Sequence[Record]) -> None:
        """Return when every record is safe. Raises Unavailable; some may then reach the topic later."""
        if (self._breaker.open and not self._nobody_asks()) or not self._kafka.takes(len(records)):
            await self._keep(records, Spooling.KAFKA_AWAY, None)
            return
        started = perf_counter()
        delivery = self._kafka.send(records)
        outcome = await delivery.outcome
        self._metrics.produce_seconds.observe(perf_counter() - started)
        if outcome is Outcome.OVERDUE:
            self._breaker.trip("Kafka does not acknowledge in time", self._loop.time())
            await self._keep(records, Spooling.OVERDUE, delivery)
        elif outcome is Outcome.FAILED:
            await self._refused(records, delivery)

    def _nobody_asks(self) -> bool:
        """Whether nothing is on its way, or waiting to be sent, that would find out that Kafka is back."""
        return not self._kafka.in_flight and not self._spool.ledger.entries

    async def _refused(self, records: Sequence[Record], delivery: Delivery) -> None:
        assert delivery.error is not None
        if not concerns_the_record(delivery.error):
            self._breaker.trip(f"Kafka takes no records: {delivery.error.str()}", self._loop.time())
        await self._keep(records, Spooling.REFUSED, None)

    async def _keep(self, records: Sequence[Record], why: Spooling, delivery: Delivery | None) -> None:
        def late() -> None:
            self._metrics.late_deliveries.inc(len(records))

        try:
            await self._spool.keep(records, delivery, late)
        except Unavailable:
            if delivery is not None:
                delivery.when_settled(lambda delivered: late() if delivered else None)
            raise
        self._metrics.spooled(why, len(records))
