"""The producer on the event loop: bounded in time and in number, and acknowledged before it returns."""

import asyncio
import time

import pytest
from prometheus_client import generate_latest

from ingest_gateway.errors import Unavailable
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.publisher import KafkaPublisher, Record
from schemas.topics import INTERACTIONS, Namespace
from tests.services import free_port
from tests.stack import Stack
from tests.topic import read_topic
from wire.clients import Cluster, producer_settings

pytestmark = pytest.mark.integration

RECORDS = [Record(b"key", b"value-%d" % number) for number in range(10)]


def _publisher(
    bootstrap: str, topic: str, metrics: GatewayMetrics | None = None, patience_s: float = 0.3
) -> KafkaPublisher:
    """To be made on a running loop. Holds at most 15 records."""
    return KafkaPublisher(
        {**producer_settings(Cluster(bootstrap), "test"), "message.timeout.ms": round(900 * patience_s)},
        topic=topic,
        ack_timeout_s=patience_s,
        max_in_flight=15,
        metrics=metrics or GatewayMetrics(),
        on_fatal=lambda why: None,
    )


def test_what_is_published_is_in_the_topic_in_order(stack: Stack, namespace: str) -> None:
    topic = Namespace(namespace).topic(INTERACTIONS)

    async def run() -> None:
        publisher = _publisher(stack.bootstrap, topic, patience_s=10)
        await publisher.publish(RECORDS)
        assert publisher.deliveries.last_ack is not None
        assert publisher.close(1) == 0

    asyncio.run(run())
    assert [message.value() for message in read_topic(stack.bootstrap, topic)] == [r.value for r in RECORDS]


def test_without_kafka_it_gives_up_in_time_and_refuses_more_than_it_may_hold() -> None:
    metrics = GatewayMetrics()

    async def run() -> None:
        publisher = _publisher(f"127.0.0.1:{free_port()}", "nowhere", metrics)
        started = time.monotonic()
        first = asyncio.create_task(publisher.publish(RECORDS))
        await asyncio.sleep(0.05)
        with pytest.raises(Unavailable, match="too many"):
            await publisher.publish(RECORDS)
        assert time.monotonic() - started < 0.25
        with pytest.raises(Unavailable, match="in time"):
            await first
        assert time.monotonic() - started < 1
        assert publisher.deliveries.failing
        publisher.close(2)

    asyncio.run(run())
    assert b"sillage_gateway_late_deliveries_total 0.0" in generate_latest(metrics.registry)


def test_a_posted_record_that_cannot_be_delivered_is_told() -> None:
    told: list[bool] = []

    async def run() -> None:
        publisher = _publisher(f"127.0.0.1:{free_port()}", "nowhere")
        publisher.post("nowhere", RECORDS[0], told.append)
        publisher.close(10)

    asyncio.run(run())
    assert told == [False]
