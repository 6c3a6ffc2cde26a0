"""The producer on the event loop: it tells what became of a batch, and when that is not known in time."""

import asyncio
from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError

from ingest_gateway.breaker import Breaker
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.publisher import Delivery, KafkaPublisher, Outcome
from ingest_gateway.record import Record
from schemas.topics import INTERACTIONS, Namespace
from tests.services import free_port
from tests.stack import Stack
from tests.topic import read_topic
from tests.unit.gateway.spool.rig import until
from wire.clients import ERRORS_ONLY, Cluster, producer_settings

pytestmark = pytest.mark.integration

RECORDS = [Record(b"key", b"value-%d" % number) for number in range(10)]
LONG_MS, SHORT_MS = 120_000, 500


def _publisher(
    bootstrap: str,
    topic: str,
    breaker: Breaker | None = None,
    patience_s: float = 0.05,
    timeout_ms: int = LONG_MS,
    on_fatal: Callable[[str], None] = lambda why: None,
) -> KafkaPublisher:
    """To be made on a running loop. Holds at most 15 records."""
    return KafkaPublisher(
        # Kafka away is part of some tests: nothing about it on the terminal.
        {
            **producer_settings(Cluster(bootstrap), "test"),
            "log_level": ERRORS_ONLY,
            "message.timeout.ms": timeout_ms,
        },
        topic=topic,
        patience_s=patience_s,
        max_in_flight=15,
        breaker=breaker or Breaker(),
        metrics=GatewayMetrics(),
        on_fatal=on_fatal,
    )


async def _end_of(delivery: Delivery) -> bool:
    """Whether Kafka has the whole batch, when that is known."""
    told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    delivery.when_settled(told.set_result)
    return await told


def test_what_is_acknowledged_is_in_the_topic_in_order(stack: Stack, namespace: str) -> None:
    topic = Namespace(namespace).topic(INTERACTIONS)
    breaker = Breaker()
    breaker.trip("until now", 0.0)

    async def run() -> None:
        publisher = _publisher(stack.bootstrap, topic, breaker, patience_s=60)
        assert await publisher.send(RECORDS).outcome is Outcome.ACKNOWLEDGED
        assert (publisher.in_flight, publisher.close(1)) == (0, 0)

    asyncio.run(run())
    assert [message.value() for message in read_topic(stack.bootstrap, topic)] == [r.value for r in RECORDS]
    assert not breaker.open


def test_without_kafka_a_batch_is_overdue_first_and_fails_in_the_end() -> None:
    async def run() -> None:
        publisher = _publisher(f"127.0.0.1:{free_port()}", "nowhere", timeout_ms=4 * SHORT_MS)
        delivery = publisher.send(RECORDS)
        assert await delivery.outcome is Outcome.OVERDUE
        assert not await _end_of(delivery)
        assert not await _end_of(delivery)  # whoever asks later hears the same
        assert publisher.in_flight == 0

    asyncio.run(run())


def test_it_takes_no_more_than_it_may_hold() -> None:
    async def run() -> None:
        publisher = _publisher(f"127.0.0.1:{free_port()}", "nowhere", timeout_ms=SHORT_MS)
        assert publisher.takes(15)
        delivery = publisher.send(RECORDS)
        assert publisher.takes(5)
        assert not publisher.takes(6)
        await _end_of(delivery)
        assert publisher.takes(15)

    asyncio.run(run())


def test_a_record_too_large_fails_and_its_neighbours_are_delivered(stack: Stack, namespace: str) -> None:
    topic = Namespace(namespace).topic(INTERACTIONS)

    async def run() -> None:
        publisher = _publisher(stack.bootstrap, topic, patience_s=60)
        delivery = publisher.send([Record(b"small", b"neighbour"), Record(b"large", bytes(2_000_000))])
        assert await delivery.outcome is Outcome.FAILED
        assert delivery.error is not None
        assert delivery.error.name() == "MSG_SIZE_TOO_LARGE"
        publisher.close(60)

    asyncio.run(run())
    assert b"neighbour" in [message.value() for message in read_topic(stack.bootstrap, topic)]


def test_a_single_record_that_cannot_be_delivered_is_told() -> None:
    told: list[bool] = []

    async def run() -> None:
        publisher = _publisher(f"127.0.0.1:{free_port()}", "nowhere", timeout_ms=SHORT_MS)
        publisher.post("nowhere", RECORDS[0], told.append)
        error = await publisher.deliver(RECORDS[0])
        assert error is not None
        assert error.name() == "_MSG_TIMED_OUT"

    asyncio.run(run())
    assert told == [False]


def test_a_report_that_fails_ends_the_process_and_lets_nobody_wait() -> None:
    told: list[str] = []

    def broken(kept: bool) -> None:
        raise ValueError("a bug")

    async def run() -> None:
        publisher = _publisher(
            f"127.0.0.1:{free_port()}", "nowhere", timeout_ms=SHORT_MS, on_fatal=told.append
        )
        publisher.post("nowhere", RECORDS[0], broken)
        delivery = publisher.send(RECORDS)
        assert not await _end_of(delivery)
        await until(lambda: bool(told))
        assert await publisher.send(RECORDS).outcome in (Outcome.OVERDUE, Outcome.FAILED)
        assert not publisher.takes(1)
        publisher.close(0)

    asyncio.run(run())
    assert told == ["ValueError('a bug')"]


def test_after_a_fatal_error_it_takes_nothing_more_and_the_process_is_told_once() -> None:
    told: list[str] = []

    async def run() -> None:
        publisher = _publisher(f"127.0.0.1:{free_port()}", "nowhere", on_fatal=told.append)
        fatal = KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "a gap", fatal=True)
        publisher._on_error(KafkaError(KafkaError._TRANSPORT, "passing"))
        assert publisher.takes(1)
        publisher._on_error(fatal)
        publisher._on_error(fatal)
        assert not publisher.takes(1)

    asyncio.run(run())
    assert told == ["a gap"]
