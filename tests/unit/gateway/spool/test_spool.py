"""The spool: what it was given is taken by exactly one, and outlives the process and damage beside it."""

import asyncio
import os
from pathlib import Path

import pytest

from ingest_gateway.errors import Unavailable
from ingest_gateway.spool.ledger import Bounds
from ingest_gateway.spool.recovery import DAMAGED
from ingest_gateway.spool.segments import segments_in
from tests.unit.gateway.spool.rig import NOW, Delivery, crash, names, opened, records, taken, until


def test_what_was_kept_is_taken_once_and_in_order(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        await spool.keep(records("a", "b"))
        await spool.keep(records("c"))
        assert (spool.ledger.entries, spool.ledger.records) == (2, 3)
        assert names(await taken(spool)) == ["a", "b", "c"]
        assert await taken(spool) == []
        await spool.close()

    asyncio.run(run())


def test_what_was_kept_outlives_a_kill(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        await asyncio.gather(*(spool.keep(records(f"{number:03}")) for number in range(200)))
        for entry in (await taken(spool))[:50]:
            spool.settle(entry)
        spool.note_settled()
        await crash(spool)
        again = await opened(tmp_path)
        assert names(await taken(again)) == [f"{number:03}" for number in range(50, 200)]
        await again.close()

    asyncio.run(run())


def test_an_entry_in_flight_is_nobody_elses_until_its_delivery_fails(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        good, bad, lasting = Delivery(), Delivery(), Delivery()
        for name, delivery in (("good", good), ("bad", bad), ("lasting", lasting)):
            await spool.keep(records(name), delivery)
        assert await taken(spool) == []
        good.end(True)
        bad.end(False)
        assert names(await taken(spool)) == ["bad"]
        await crash(spool)
        again = await opened(tmp_path)
        assert {"bad", "lasting"} <= set(names(await taken(again)))
        await again.close()

    asyncio.run(run())


def test_a_delivery_that_ended_while_its_entry_was_being_written_is_not_forgotten(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        early, failed = Delivery(), Delivery()
        early.end(True)
        failed.end(False)
        await spool.keep(records("early"), early)
        await spool.keep(records("failed"), failed)
        assert names(await taken(spool)) == ["failed"]
        await spool.close()

    asyncio.run(run())


def test_an_empty_spool_leaves_no_files(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        await spool.keep(records("a"))
        for entry in await taken(spool):
            spool.settle(entry)
        await spool.close()

    asyncio.run(run())
    assert segments_in(tmp_path) == []


def test_its_files_go_while_it_drains(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, Bounds(max_bytes=64 * 1024, max_age_ms=60_000))
        for number in range(12):
            await spool.keep(records(f"{number:02}" + "x" * 3_000))
        assert len(segments_in(tmp_path)) > 3
        for entry in (await taken(spool))[:-1]:
            spool.settle(entry)
        await until(lambda: spool.ledger.bytes < 10_000)
        await until(lambda: len(segments_in(tmp_path)) == 2)
        await crash(spool)

    asyncio.run(run())


def test_entries_whose_own_deliveries_end_well_make_room_for_others(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, Bounds(max_bytes=64 * 1024, max_age_ms=60_000))
        in_flight = []
        for number in range(40):
            in_flight.append(Delivery())
            await spool.keep(records(f"{number:02}" + "x" * 3_000), in_flight[-1])
            if number >= 2:
                in_flight[number - 2].end(True)
                spool.note_settled()
        assert spool.ledger.entries == 2
        assert spool.ledger.bytes < 16_000
        in_flight[-1].end(False)
        assert names(await taken(spool)) == ["39" + "x" * 3_000]
        await spool.close()

    asyncio.run(run())


def test_a_full_spool_refuses_and_takes_again_when_it_has_drained(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, Bounds(max_bytes=20_000, max_age_ms=60_000))
        kept = 0
        while spool.ledger.full(1_100, NOW) is None:
            await spool.keep(records("x" * 1_000))
            kept += 1
        with pytest.raises(Unavailable, match="full"):
            await spool.keep(records("x" * 1_000))
        assert 15 <= kept <= 20
        assert spool.ledger.bytes <= 20_000
        entries = await taken(spool)
        assert len(entries) == kept
        for entry in entries:
            spool.settle(entry)
        await until(lambda: spool.ledger.full(1_100, NOW) is None)
        await spool.keep(records("x" * 1_000))
        await spool.close()

    asyncio.run(run())


def test_an_over_age_spool_refuses_and_drops_nothing(tmp_path: Path) -> None:
    now = NOW

    async def run() -> None:
        nonlocal now
        spool = await opened(tmp_path, now=lambda: now)
        await spool.keep(records("old"))
        held = await taken(spool)
        now += 60_001
        with pytest.raises(Unavailable, match="too long"):
            await spool.keep(records("new"))
        assert names(held) == ["old"]
        assert "too long" in (spool.problem() or "")
        await spool.close()

    asyncio.run(run())


def test_a_disk_that_takes_nothing_is_a_503_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    async def run() -> None:
        spool = await opened(tmp_path)
        await spool.keep(records("before"))
        monkeypatch.setattr(os, "fdatasync", no_room)
        with pytest.raises(Unavailable):
            await spool.keep(records("meanwhile"))
        assert "No space left" in (spool.problem() or "")
        monkeypatch.undo()
        await spool.keep(records("after"))
        assert spool.problem() is None
        assert names(await taken(spool)) == ["before", "after"]
        await crash(spool)
        again = await opened(tmp_path)
        assert names(await taken(again)) == ["before", "after"]
        await again.close()

    asyncio.run(run())


def test_a_disk_is_asked_again_without_waiting_for_a_visitor(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        spool.broken = "was full"
        spool.try_again()
        await until(lambda: spool.problem() is None)
        await spool.close()

    asyncio.run(run())


def test_damage_found_at_the_start_is_kept_aside_and_costs_its_entry_only(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        for name in ("one", "two", "three"):
            await spool.keep(records(name * 10))
        await crash(spool)
        _spoil(tmp_path, b"twotwo")
        again = await opened(tmp_path)
        assert again.damaged == 1
        assert names(await taken(again)) == ["one" * 10, "three" * 10]
        (kept,) = (tmp_path / DAMAGED).iterdir()
        assert b"two" in kept.read_bytes()
        await again.close()

    asyncio.run(run())


def test_a_torn_tail_is_kept_aside_and_costs_nothing_that_was_answered(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        await spool.keep(records("answered"))
        await crash(spool)
        (segment,) = segments_in(tmp_path)
        whole = segment.path.read_bytes()
        segment.path.write_bytes(whole + whole[:30])
        again = await opened(tmp_path)
        assert names(await taken(again)) == ["answered"]
        await again.keep(records("behind it"))
        assert names(await taken(again)) == ["behind it"]
        await again.close()

    asyncio.run(run())


def test_what_is_damaged_while_it_waits_is_counted_and_written_off(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        for name in ("one", "two", "three"):
            await spool.keep(records(name * 10, "more"))
        _spoil(tmp_path, b"threethree")
        found = await taken(spool)
        assert names(found) == ["one" * 10, "more", "two" * 10, "more"]
        assert (spool.damaged, spool.ledger.lost) == (1, 2)
        for entry in found:
            spool.settle(entry)
        await spool.close()

    asyncio.run(run())
    assert segments_in(tmp_path) == []


def test_a_segment_that_somebody_removed_is_written_off(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, Bounds(max_bytes=16 * 400, max_age_ms=60_000))
        for name in "abc":
            await spool.keep(records(name * 500))
        segments_in(tmp_path)[1].path.unlink()
        entries = await taken(spool)
        assert names(entries) == ["a" * 500, "c" * 500]
        assert (spool.damaged, spool.ledger.lost) == (1, 1)
        for entry in entries:
            spool.settle(entry)
        await spool.close()

    asyncio.run(run())


def test_an_entry_larger_than_one_read_is_taken(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, Bounds(max_bytes=64 * 1024 * 1024, max_age_ms=60_000))
        await spool.keep(records("small"))
        await spool.keep(records("x" * 3_000_000))
        await spool.keep(records("last"))
        assert [len(name) for name in names(await taken(spool))] == [5, 3_000_000, 4]
        await spool.close()

    asyncio.run(run())


def _spoil(folder: Path, text: bytes) -> None:
    """Change one byte in the middle of this text, wherever it is."""
    for segment in segments_in(folder):
        data = segment.path.read_bytes()
        at = data.find(text)
        if at >= 0:
            segment.path.write_bytes(data[: at + 3] + b"#" + data[at + 4 :])
