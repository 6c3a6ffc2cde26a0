"""The Kafka producer on the event loop.

The client is polled from the loop itself: no second thread, no locks, and delivery reports arrive where
their requests wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest_gateway.breaker import Breaker
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.record import Record

_BUSY_POLL_S: Final = 0.001
_IDLE_POLL_S: Final = 0.1
_ANY_PARTITION: Final = -1
"""The key decides (librdkafka's RD_KAFKA_PARTITION_UA)."""

_log = structlog.get_logger()


class Outcome(Enum):
    """What can be said of a delivery when its patience ends."""

    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    OVERDUE = "overdue"
    """Still in flight: Kafka may have the records already, or take them later."""


class Delivery:
    """One batch's records on their way to Kafka. `error`: of one of them, where Kafka did not take it."""

    __slots__ = ("_acknowledged", "_outstanding", "_settled", "_tell", "error", "outcome", "overdue_at")

    def __init__(
        self, records: int, overdue_at: float, settled: Callable[[int, KafkaError | None], None]
    ) -> None:
        """`settled` is told of each record that failed, and at the end how many were acknowledged."""
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.overdue_at = overdue_at
        self.error: KafkaError | None = None
        self._outstanding = records
        self._acknowledged = 0
        self._settled = settled
        self._tell: tuple[Callable[[bool], None], ...] = ()

    def report(self, error: KafkaError | None, _message: Message | None = None) -> None:
        """Called by the client, once for each record."""
        if error is None:
            self._acknowledged += 1
        else:
            self.error = self.error or error
            self._settled(1, error)
        self._outstanding -= 1
        if not self._outstanding:
            self._end()

    def miss(self, records: int, error: KafkaError) -> None:
        """So many records fewer to wait for: the client did not take them."""
        self.error = self.error or error
        self._outstanding -= records
        if not self._outstanding:
            self._end()

    def _end(self) -> None:
        if self._acknowledged:
            self._settled(self._acknowledged, None)
        if not self.outcome.done():
            self.outcome.set_result(Outcome.ACKNOWLEDGED if self.error is None else Outcome.FAILED)
        for tell in self._tell:
            tell(self.error is None)

    def patience_ends(self) -> None:
        """Whoever waits is told what can be said now."""
        if not self.outcome.done():
            self.outcome.set_result(Outcome.OVERDUE)

    def when_settled(self, tell: Callable[[bool], None]) -> None:
        """Call this with whether Kafka has every record, when that is known; at once where it is."""
        self._tell += (tell,)
        if not self._outstanding:
            tell(self.error is None)


class KafkaPublisher:
    """Sends batches to one topic and tells how they fare; posts single records to any.

    Belongs to one event loop, and is made in it. `patience_s`: after which a delivery is overdue. `on_fatal`
    is called, once, where the client cannot go on and the process must be replaced.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        topic: str,
        patience_s: float,
        max_in_flight: int,
        breaker: Breaker,
        metrics: GatewayMetrics,
        on_fatal: Callable[[str], None],
    ) -> None:
        self.topic = topic
        self.in_flight = 0
        """Records that await Kafka's word."""
        self._acknowledged = False
        """Whether Kafka has taken any since the last poll."""
        self._patience_s = patience_s
        self._max_in_flight = max_in_flight
        self._breaker = breaker
        self._metrics = metrics
        self._on_fatal = on_fatal
        self._fatal: str | None = None
        self._awaited: deque[Delivery] = deque()
        self._loop = asyncio.get_running_loop()
        self.client = Producer({**settings, "error_cb": self._on_error})
        self._tick = self._loop.call_later(0, self._poll)

    def takes(self, records: int) -> bool:
        """Whether so many more may be in flight."""
        return self._fatal is None and self.in_flight + records <= self._max_in_flight

    def send(self, records: Sequence[Record]) -> Delivery:
        """Start the delivery of a batch."""
        delivery = Delivery(len(records), self._loop.time() + self._patience_s, self._reported)
        sent = 0
        try:
            produce, topic, report = self.client.produce, self.topic, delivery.report
            for record in records:
                produce(topic, record.value, record.key, _ANY_PARTITION, report)
                sent += 1
        except (BufferError, KafkaException) as error:
            delivery.miss(len(records) - sent, _kafka_error(error))
        self.in_flight += sent
        self._awaited.append(delivery)
        self._hurry()
        return delivery

    def deliver(self, record: Record) -> "asyncio.Future[KafkaError | None]":
        """Send one record; gives the error with which that ends, None where Kafka has it."""
        told: asyncio.Future[KafkaError | None] = self._loop.create_future()
        self._produce(self.topic, record, lambda error: None if told.done() else told.set_result(error))
        return told

    def post(self, topic: str, record: Record, on_done: Callable[[bool], None]) -> None:
        """Send one record, and tell later whether it is in the topic. Raises nothing."""
        if self.takes(1):
            self._produce(topic, record, lambda error: on_done(error is None))
        else:
            on_done(False)

    def _produce(self, topic: str, record: Record, tell: Callable[[KafkaError | None], None]) -> None:
        def report(error: KafkaError | None, _message: Message) -> None:
            self._reported(1, error)
            tell(error)

        try:
            self.client.produce(topic, record.value, record.key, on_delivery=report)
        except (BufferError, KafkaException) as error:
            tell(_kafka_error(error))
            return
        self.in_flight += 1
        self._hurry()

    def close(self, timeout_s: float) -> int:
        """Wait for what is in flight; returns how many records are given up. Blocks the loop."""
        self._tick.cancel()
        try:
            return self.client.flush(timeout_s)
        except Exception:  # of a callback; what waits is in the spool as well
            _log.exception("delivery_report_failed")
            return len(self.client)

    def _reported(self, records: int, error: KafkaError | None) -> None:
        self.in_flight -= records
        if error is None:
            self._acknowledged = True
        else:
            self._metrics.delivery_failures.labels(error.name()).inc()

    def _poll(self) -> None:
        try:
            self.client.poll(0)
        except Exception as error:  # of a callback: a bug, and no reason to let everybody else wait for ever
            _log.exception("delivery_report_failed")
            self._give_up(repr(error))
        now = self._loop.time()
        if self._acknowledged:
            self._acknowledged = False
            self._breaker.acknowledged(now)
        while self._awaited and self._awaited[0].overdue_at <= now:
            self._awaited.popleft().patience_ends()
        busy = self.in_flight or self._awaited
        self._tick = self._loop.call_later(_BUSY_POLL_S if busy else _IDLE_POLL_S, self._poll)

    def _hurry(self) -> None:
        """Come out of the idle rhythm."""
        if self._tick.when() > self._loop.time() + _BUSY_POLL_S:
            self._tick.cancel()
            self._tick = self._loop.call_later(_BUSY_POLL_S, self._poll)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() and self._fatal is None:
            _log.error("producer_fatal", error=error.str())
            self._give_up(error.str())

    def _give_up(self, why: str) -> None:
        """Take nothing more, and have the process replaced."""
        if self._fatal is None:
            self._fatal = why
            self._on_fatal(why)


def _kafka_error(error: BufferError | KafkaException) -> KafkaError:
    if isinstance(error, KafkaException):
        cause: KafkaError = error.args[0]
        return cause
    return KafkaError(KafkaError._QUEUE_FULL)
