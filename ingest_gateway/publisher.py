"""The Kafka producer on the event loop: a batch is published when every record of it is acknowledged.

The client is polled from the loop itself: no second thread, no locks, and delivery reports arrive where
their requests wait.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest_gateway.deliveries import Deliveries
from ingest_gateway.errors import Unavailable
from ingest_gateway.metrics import GatewayMetrics

_BUSY_POLL_S: Final = 0.001
_IDLE_POLL_S: Final = 0.1
_NOT_IN_TIME: Final = "Kafka did not acknowledge in time: send the same events again"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic: its key, which decides the partition, and its wire bytes."""

    key: bytes
    value: bytes


class _Delivery:
    """Awaits the reports of one batch's records."""

    __slots__ = ("_metrics", "_outstanding", "_settled", "abandoned", "done")

    def __init__(self, records: int, metrics: GatewayMetrics, settled: Callable[[], None]) -> None:
        self.done: asyncio.Future[KafkaError | None] = asyncio.get_running_loop().create_future()
        self.abandoned = False
        self._outstanding = records
        self._metrics = metrics
        self._settled = settled

    def report(self, error: KafkaError | None, _message: Message) -> None:
        """Called by the client, once for each record."""
        self._settled()
        self._outstanding -= 1
        if error is not None:
            self._metrics.delivery_failures.labels(error.name()).inc()
        elif self.abandoned:
            self._metrics.late_deliveries.inc()
        if not self.done.done() and (error is not None or self._outstanding == 0):
            self.done.set_result(error)

    def abandon(self) -> None:
        """The request is answered without waiting any longer; reports are counted only."""
        self.abandoned = True
        self.done.cancel()


class KafkaPublisher:
    """Publishes to one topic and awaits it, or posts to any topic and does not.

    Belongs to one event loop, and is made in it. `on_fatal` is called, once, where the client cannot go on
    and the process must be replaced.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        topic: str,
        ack_timeout_s: float,
        max_in_flight: int,
        metrics: GatewayMetrics,
        on_fatal: Callable[[str], None],
    ) -> None:
        self._topic = topic
        self._ack_timeout_s = ack_timeout_s
        self._max_in_flight = max_in_flight
        self._metrics = metrics
        self._on_fatal = on_fatal
        self._in_flight = 0
        self._fatal: str | None = None
        self.deliveries = Deliveries()
        """By the loop's clock."""
        self._loop = asyncio.get_running_loop()
        self.client = Producer({**settings, "error_cb": self._on_error})
        self._tick = self._loop.call_later(0, self._poll)

    async def publish(self, records: Sequence[Record]) -> None:
        """Return when Kafka has acknowledged every record.

        Raises Unavailable after the acknowledgement timeout, on any error, and at once when too many records
        are in flight. Some of the records may then be in the topic, now or later.
        """
        if self._fatal is not None or self._in_flight + len(records) > self._max_in_flight:
            raise Unavailable("too many events are waiting for Kafka: send the same events again")
        started = perf_counter()
        delivery = _Delivery(len(records), self._metrics, self._settled)
        acknowledged = False
        try:
            self._produce(records, delivery)
            async with asyncio.timeout(self._ack_timeout_s):
                acknowledged = await delivery.done is None
        except TimeoutError:
            acknowledged = False
        finally:
            delivery.abandon()
            self.deliveries.ended(acknowledged, self._loop.time())
            self._metrics.produce_seconds.observe(perf_counter() - started)
        if not acknowledged:
            raise Unavailable(_NOT_IN_TIME)

    def _produce(self, records: Sequence[Record], delivery: _Delivery) -> None:
        try:
            for record in records:
                self.client.produce(self._topic, record.value, record.key, on_delivery=delivery.report)
                self._in_flight += 1
        except (BufferError, KafkaException) as error:
            _log.warning("produce_refused", error=str(error))
            raise Unavailable(_NOT_IN_TIME) from error
        finally:
            self._metrics.records_in_flight.set(self._in_flight)
            self._hurry()

    def post(self, topic: str, record: Record, on_done: Callable[[bool], None]) -> None:
        """Send one record, and tell later whether it is in the topic. Raises nothing."""

        def report(error: KafkaError | None, _message: Message) -> None:
            self._settled()
            on_done(error is None)

        if self._in_flight >= self._max_in_flight:
            on_done(False)
            return
        try:
            self.client.produce(topic, record.value, record.key, on_delivery=report)
        except (BufferError, KafkaException):
            on_done(False)
            return
        self._in_flight += 1
        self._hurry()

    def close(self, timeout_s: float) -> int:
        """Wait for what is in flight; returns how many records are given up. Blocks the loop."""
        self._tick.cancel()
        return self.client.flush(timeout_s)

    def _settled(self) -> None:
        self._in_flight -= 1

    def _poll(self) -> None:
        self.client.poll(0)
        self._metrics.records_in_flight.set(self._in_flight)
        self._tick = self._loop.call_later(_BUSY_POLL_S if self._in_flight else _IDLE_POLL_S, self._poll)

    def _hurry(self) -> None:
        """Come out of the idle rhythm."""
        if self._tick.when() > self._loop.time() + _BUSY_POLL_S:
            self._tick.cancel()
            self._tick = self._loop.call_later(_BUSY_POLL_S, self._poll)

    def _on_error(self, error: KafkaError) -> None:
        if not error.fatal() or self._fatal is not None:
            return
        self._fatal = error.str()
        _log.error("producer_fatal", error=self._fatal)
        self._on_fatal(self._fatal)
