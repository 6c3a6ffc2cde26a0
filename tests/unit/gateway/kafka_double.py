"""Kafka as a list, with faults: for tests of what happens beside it."""

import asyncio
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError

from ingest_gateway.breaker import Breaker
from ingest_gateway.publisher import Delivery
from ingest_gateway.record import Record

TOO_LARGE = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
NO_REPLICAS = KafkaError(KafkaError.NOT_ENOUGH_REPLICAS)


class KafkaDouble:
    """Takes what `fault` finds nothing against, at once; while `silent`, says nothing at all."""

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.in_flight = 0
        self.room = 1_000
        self.silent = False
        self.fault: Callable[[Record], KafkaError | None] = lambda record: None
        self.topic: list[str] = []
        self.unanswered: list[Callable[[], None]] = []

    def takes(self, records: int) -> bool:
        return records <= self.room

    def send(self, records: Sequence[Record]) -> Delivery:
        delivery = Delivery(len(records), 0.0, lambda _records, _error: None)
        for record in records:
            self._handle(record, delivery.report)
        if self.silent:
            delivery.patience_ends()
        return delivery

    def deliver(self, record: Record) -> "asyncio.Future[KafkaError | None]":
        told: asyncio.Future[KafkaError | None] = asyncio.get_running_loop().create_future()
        self._handle(record, told.set_result)
        return told

    def speak(self) -> None:
        """Answer everything that was sent in silence."""
        self.silent = False
        waiting, self.unanswered = self.unanswered, []
        for answer in waiting:
            answer()

    def _handle(self, record: Record, tell: Callable[[KafkaError | None], None]) -> None:
        def answer() -> None:
            error = self.fault(record)
            if error is None:
                self.topic.append(record.value.decode())
                self.breaker.acknowledged(0.0)
            self.in_flight -= 1
            tell(error)

        self.in_flight += 1
        self.unanswered.append(answer)
        if not self.silent:
            self.speak()
