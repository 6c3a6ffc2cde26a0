"""A disk that neither takes what it is given nor says no."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_gateway.errors import Unavailable
from ingest_gateway.spool.spool import Spool
from tests.unit.gateway.spool.rig import Delivery, crash, names, opened, records, taken, until


class Disk:
    """Its fsyncs wait while it is stalled."""

    def __init__(self) -> None:
        self._answers = threading.Event()
        self._answers.set()
        self._sync = os.fdatasync

    def fdatasync(self, descriptor: int) -> None:
        self._answers.wait()
        self._sync(descriptor)

    def stall(self) -> None:
        self._answers.clear()

    def go_on(self) -> None:
        self._answers.set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk()
    monkeypatch.setattr(os, "fdatasync", disk.fdatasync)
    yield disk
    disk.go_on()


async def _refused(spool: Spool, name: str, in_flight: Delivery | None = None) -> list[str]:
    """What lands late of an entry that is refused."""
    late: list[str] = []
    with pytest.raises(Unavailable):
        await spool.keep(records(name), in_flight, lambda: late.append(name))
    return late


def test_nobody_waits_for_it_for_ever_and_what_it_takes_late_is_delivered_and_told(
    tmp_path: Path, disk: Disk
) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, patience_s=0.1)
        disk.stall()
        late = await _refused(spool, "first")
        assert "does not answer" in (spool.problem() or "")
        assert await _refused(spool, "at once") == []
        disk.go_on()
        await until(lambda: spool.problem() is None)
        assert late == ["first"]
        assert names(await taken(spool)) == ["first"]
        await crash(spool)
        again = await opened(tmp_path)
        await again.keep(records("after"))
        assert names(await taken(again)) == ["first", "after"]
        await again.close()

    asyncio.run(run())


@pytest.mark.parametrize("delivered", [True, False])
def test_what_is_in_flight_meanwhile_is_late_only_where_the_drainer_has_it(
    tmp_path: Path, disk: Disk, delivered: bool
) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, patience_s=0.1)
        disk.stall()
        delivery = Delivery()
        late = await _refused(spool, "a", delivery)
        disk.go_on()
        await until(lambda: spool.problem() is None)
        assert (late, await taken(spool), spool.ledger.entries) == ([], [], 1)
        delivery.end(delivered)
        assert late == ([] if delivered else ["a"])
        assert names(await taken(spool)) == ([] if delivered else ["a"])
        await crash(spool)

    asyncio.run(run())


def test_it_does_not_hold_up_the_end(tmp_path: Path, disk: Disk) -> None:
    async def run() -> None:
        before = await opened(tmp_path)
        await before.keep(records("before"))
        await before.close()
        spool = await opened(tmp_path, patience_s=0.1)
        disk.stall()
        await _refused(spool, "meanwhile")
        assert not await spool.close()
        disk.go_on()
        await crash(spool)
        again = await opened(tmp_path)
        assert names(await taken(again)) == ["before", "meanwhile"]
        assert await again.close()

    asyncio.run(run())


def test_what_is_written_at_the_very_moment_of_the_deadline_is_kept(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, patience_s=0.02)
        keeping = asyncio.ensure_future(spool.keep(records("a")))
        await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251 - the loop finds the deadline and the disk's answer at once
        await asyncio.wait([keeping])
        assert keeping.exception() is None or isinstance(keeping.exception(), Unavailable)
        await until(lambda: spool.problem() is None)
        assert names(await taken(spool)) == ["a"]
        await spool.close()

    asyncio.run(run())
