"""A batch is safe when it is said to be: in Kafka, or on the disk."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from ingest_gateway.breaker import Breaker
from ingest_gateway.errors import Unavailable
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.spool.ledger import Bounds
from ingest_gateway.spool.spool import Spool
from ingest_gateway.store_and_forward import StoreAndForward
from tests.unit.gateway.kafka_double import NO_REPLICAS, TOO_LARGE, KafkaDouble
from tests.unit.gateway.spool.rig import names, opened, records, taken, until


@dataclass
class Bench:
    """A publisher between Kafka's double and a spool."""

    spool: Spool
    breaker: Breaker
    kafka: KafkaDouble
    metrics: GatewayMetrics
    publisher: StoreAndForward

    def figure(self, line: str) -> bool:
        return line in generate_latest(self.metrics.registry).decode()


def on_a_bench(
    folder: Path,
    scene: Callable[[Bench], Coroutine[None, None, None]],
    room: int = 100_000,
    patience_s: float = 60,
) -> None:
    async def run() -> None:
        spool = await opened(folder, Bounds(room, 60_000), patience_s=patience_s)
        breaker, metrics = Breaker(), GatewayMetrics()
        kafka = KafkaDouble(breaker)
        publisher = StoreAndForward(kafka, spool, breaker, metrics)
        await scene(Bench(spool, breaker, kafka, metrics, publisher))
        await spool.close()

    asyncio.run(run())


def test_while_kafka_acknowledges_the_disk_is_not_touched(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        await bench.publisher.publish(records("a", "b"))
        assert bench.kafka.topic == ["a", "b"]
        assert (bench.spool.ledger.bytes, bench.breaker.open) == (0, False)

    on_a_bench(tmp_path, scene)


def test_what_is_overdue_is_spooled_too_and_let_go_when_kafka_has_it(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        bench.kafka.silent = True
        await bench.publisher.publish(records("a", "b"))
        assert (bench.spool.ledger.records, bench.breaker.open) == (2, True)
        assert await taken(bench.spool) == []
        bench.kafka.speak()
        assert (bench.spool.ledger.records, bench.breaker.open) == (0, False)
        assert bench.kafka.topic == ["a", "b"]

    on_a_bench(tmp_path, scene)


def test_with_the_breaker_open_kafka_is_left_alone_while_something_asks_it(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        bench.kafka.silent = True
        await bench.publisher.publish(records("asks"))
        await bench.publisher.publish(records("later"))
        assert bench.kafka.in_flight == 1
        assert names(await taken(bench.spool)) == ["later"]

    on_a_bench(tmp_path, scene)


def test_with_the_breaker_open_and_nothing_that_asks_the_next_batch_does(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        bench.breaker.trip("away", 0.0)
        await bench.publisher.publish(records("asks"))
        assert (bench.kafka.topic, bench.breaker.open) == (["asks"], False)

    on_a_bench(tmp_path, scene)


def test_what_kafka_does_not_take_is_the_drainers(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        bench.kafka.fault = lambda record: TOO_LARGE
        await bench.publisher.publish(records("large"))
        assert bench.breaker.opened == 0
        bench.kafka.fault = lambda record: NO_REPLICAS
        await bench.publisher.publish(records("any"))
        assert bench.breaker.opened == 1
        assert names(await taken(bench.spool)) == ["large", "any"]

    on_a_bench(tmp_path, scene)


def test_a_delivery_that_fails_after_its_request_was_answered_is_the_drainers(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        bench.kafka.silent = True
        await bench.publisher.publish(records("a"))
        bench.kafka.fault = lambda record: NO_REPLICAS
        bench.kafka.speak()
        assert names(await taken(bench.spool)) == ["a"]

    on_a_bench(tmp_path, scene)


def test_with_too_many_in_flight_the_rest_is_spooled(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        bench.kafka.room = 1
        await bench.publisher.publish(records("a", "b"))
        assert names(await taken(bench.spool)) == ["a", "b"]
        assert bench.figure('spooled_records_total{why="kafka_away"} 2.0')

    on_a_bench(tmp_path, scene)


def test_what_a_stalled_disk_takes_late_is_counted_once_whichever_way_it_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: answers.wait())

    async def scene(bench: Bench) -> None:
        bench.kafka.silent = True
        with pytest.raises(Unavailable, match="disk"):
            await bench.publisher.publish(records("in flight"))
        answers.set()
        await until(lambda: bench.spool.problem() is None)
        bench.kafka.speak()
        assert bench.figure("late_deliveries_total 1.0")
        assert bench.spool.ledger.entries == 0

    on_a_bench(tmp_path, scene, patience_s=0.1)


def test_what_neither_can_take_is_refused_and_counted_should_it_land_all_the_same(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        bench.kafka.silent = True
        with pytest.raises(Unavailable, match="full"):
            await bench.publisher.publish(records("x" * 2_000))
        bench.kafka.speak()
        assert bench.figure("late_deliveries_total 1.0")

    on_a_bench(tmp_path, scene, room=1_000)
