"""What nobody brings to Kafka is brought there, and no fault in doing so ends a gateway that works."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ingest_gateway import adoption as module
from ingest_gateway.adoption import Adoption
from ingest_gateway.breaker import Breaker
from ingest_gateway.drainer import Drainer
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.quarantine import REPLAY, Quarantine
from ingest_gateway.spool.slots import claim
from ingest_gateway.spool.spool import Spool
from tests.unit.gateway.kafka_double import KafkaDouble
from tests.unit.gateway.spool.rig import crash, opened, records, until


class Host:
    """A gateway's process, and what is beside it."""

    def __init__(self, own: Spool) -> None:
        self.own, self.breaker, self.metrics = own, Breaker(), GatewayMetrics()
        self.kafka = KafkaDouble(self.breaker)
        self.open: Callable[[Path], Any] = opened
        self.adoption = Adoption(
            own,
            self.breaker,
            self.metrics,
            open_spool=lambda folder: self.open(folder),
            drainer_of=self._drainer_of,
            look_every_s=0.01,
        )

    def _drainer_of(self, spool: Spool) -> Drainer:
        quarantine = Quarantine(spool.folder, lambda record, since, why: None)
        return Drainer(spool, self.kafka, self.breaker, quarantine, self.metrics)

    def failures(self) -> float:
        return float(self.metrics.adoption_failures._value.get())


@asynccontextmanager
async def beside_a_dead_process(root: Path) -> AsyncIterator[Host]:
    """The dead one had the first slot."""
    slot = claim(root)
    spool = await opened(slot.folder)
    await spool.keep(records("left"))
    await crash(spool)
    own = claim(root)
    slot.release()
    host = Host(await opened(own.folder))
    try:
        yield host
    finally:
        await host.own.close()


@asynccontextmanager
async def at_work(host: Host) -> AsyncIterator[None]:
    work = asyncio.create_task(host.adoption.run())
    try:
        yield
        assert not work.done()
    finally:
        work.cancel()
        await asyncio.wait([work])


def test_what_a_dead_process_left_is_shown_while_kafka_is_away_and_delivered_when_it_is_back(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with beside_a_dead_process(tmp_path) as host:
            host.breaker.trip("away", 0.0)
            async with at_work(host):
                await until(lambda: host.adoption.left_bytes > 0)
                assert host.kafka.topic == []
                host.kafka.silent = True
                host.breaker.acknowledged(0.0)
                await until(lambda: host.adoption.adopted_records == 1)
                host.kafka.speak()
                await until(lambda: host.adoption.left_bytes == host.adoption.adopted_records == 0)
                assert host.kafka.topic == ["left"]

    asyncio.run(run())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EROFS, errno.EIO, errno.ENOSPC])
def test_a_fault_is_counted_and_what_is_left_is_adopted_later(tmp_path: Path, number: int) -> None:
    async def run() -> None:
        async with beside_a_dead_process(tmp_path) as host:

            async def fails(folder: Path) -> Spool:
                raise OSError(number, os.strerror(number))

            host.open = fails
            async with at_work(host):
                await until(lambda: host.failures() >= 3)
                host.open = opened
                await until(lambda: host.kafka.topic == ["left"])

    asyncio.run(run())


@pytest.mark.parametrize("what", ["abandoned", "left_behind", "to_replay", "replay"])
def test_no_step_of_it_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def no_descriptors(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def run() -> None:
        async with beside_a_dead_process(tmp_path) as host:
            monkeypatch.setattr(module, what, no_descriptors)
            async with at_work(host):
                await until(lambda: host.failures() >= 3)
                monkeypatch.undo()
                await until(lambda: host.kafka.topic == ["left"])

    asyncio.run(run())


def test_what_is_moved_to_replay_is_taken_in_while_the_process_runs(tmp_path: Path) -> None:
    async def run() -> None:
        async with beside_a_dead_process(tmp_path) as host, at_work(host):
            await until(lambda: host.kafka.topic == ["left"])
            await host.own.keep(records("poison"))
            (entry,) = await host.own.take(1)
            quarantine = Quarantine(host.own.folder, lambda record, since, why: None)
            await quarantine.keep(entry, entry.records, "too large")
            host.own.settle(entry)
            assert host.own.ledger.entries == 0
            (host.own.folder / "quarantine").rename(host.own.folder / REPLAY)
            await until(lambda: host.own.ledger.entries == 1)

    asyncio.run(run())
