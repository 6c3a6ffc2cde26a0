"""What was set aside can be tried again: as a new entry of the spool, whatever became of its old number."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from ingest_gateway.errors import Unavailable
from ingest_gateway.quarantine import QUARANTINE, REPLAY, Quarantine, replay, to_replay
from ingest_gateway.spool.ledger import Bounds
from ingest_gateway.spool.segments import segments_in
from ingest_gateway.spool.spool import Spool
from tests.unit.gateway.spool.rig import Delivery, crash, names, opened, records, taken

SMALL_SEGMENTS = Bounds(max_bytes=16 * 400, max_age_ms=60_000)


async def _set_aside(spool: Spool, *poison: str) -> None:
    """What the drainer does with a record that Kafka refuses for good."""
    await spool.keep(records(*poison))
    (entry,) = await taken(spool)
    await Quarantine(spool.folder, lambda record, since, why: None).keep(entry, entry.records, "too large")
    spool.settle(entry)
    spool.note_settled()


def _move_back(folder: Path) -> None:
    """As the documentation says."""
    (folder / REPLAY).mkdir(exist_ok=True)
    for file in (folder / QUARANTINE).iterdir():
        file.rename(folder / REPLAY / file.name)


async def _nothing(spool: Spool) -> None:
    """The spool goes on as it is."""


async def _other_segments(spool: Spool) -> None:
    """Its entry's segment is gone, and others came."""
    for number in range(12):
        await spool.keep(records(f"filler-{number}" + "x" * 300), ended := Delivery())
        ended.end(True)


async def _another_waits(spool: Spool) -> None:
    await spool.keep(records("another"))


Meanwhile = Callable[[Spool], Coroutine[None, None, None]]
MEANWHILE: list[Meanwhile] = [_nothing, _other_segments, _another_waits]


async def _restarted(spool: Spool) -> Spool:
    await spool.close()
    return await opened(spool.folder, SMALL_SEGMENTS)


async def _killed(spool: Spool) -> Spool:
    await crash(spool)
    return await opened(spool.folder, SMALL_SEGMENTS)


async def _running(spool: Spool) -> Spool:
    return spool


@pytest.mark.parametrize("again", [_restarted, _killed, _running])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_what_is_moved_back_is_an_entry_like_any_other(
    tmp_path: Path, meanwhile: Meanwhile, again: Callable[[Spool], Coroutine[None, None, Spool]]
) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, SMALL_SEGMENTS)
        await _set_aside(spool, "poison", "more")
        await meanwhile(spool)
        _move_back(tmp_path)
        spool = await again(spool)
        await replay(spool)
        await crash(spool)  # on the disk before it is said to be replayed
        spool = await opened(tmp_path, SMALL_SEGMENTS)
        entries = await taken(spool)
        found = {name for name in names(entries) if not name.startswith("filler")}  # some come twice
        assert {"poison", "more"} <= found <= {"poison", "more", "another"}
        for entry in entries:
            spool.settle(entry)
        assert spool.ledger.entries == 0
        await spool.close()

    asyncio.run(run())
    assert segments_in(tmp_path) == []
    assert to_replay(tmp_path) == []


def test_what_is_set_aside_stays_there_until_it_is_moved(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        await _set_aside(spool, "poison")
        await replay(spool)
        again = await _restarted(spool)
        assert (await taken(again), again.ledger.entries) == ([], 0)
        await again.close()

    asyncio.run(run())
    assert len(list((tmp_path / QUARANTINE).iterdir())) == 1


def test_a_full_spool_replays_later(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path, Bounds(max_bytes=2_000, max_age_ms=60_000))
        await _set_aside(spool, "p" * 500)
        _move_back(tmp_path)
        await spool.keep(records("x" * 1_200))
        with pytest.raises(Unavailable, match="full"):
            await replay(spool)
        (filler,) = await taken(spool)
        spool.settle(filler)
        spool = await _restarted(spool)
        await replay(spool)
        assert names(await taken(spool)) == ["p" * 500]
        await spool.close()

    asyncio.run(run())


def test_what_was_begun_when_the_process_was_killed_is_begun_again(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        await _set_aside(spool, "poison")
        (file,) = (tmp_path / QUARANTINE).iterdir()
        file.rename(tmp_path / f"{file.stem}.replaying")
        await replay(spool)
        assert names(await taken(spool)) == ["poison"]
        await spool.close()

    asyncio.run(run())


def test_a_file_that_is_damaged_or_no_such_file_costs_nothing_else(tmp_path: Path) -> None:
    async def run() -> None:
        spool = await opened(tmp_path)
        await _set_aside(spool, "poison")
        await _set_aside(spool, "another")
        _move_back(tmp_path)
        (tmp_path / REPLAY / "notes.quarantined").write_text("what is this?")
        first = min((tmp_path / REPLAY).glob("0*.quarantined"))
        first.write_bytes(first.read_bytes().replace(b"poison", b"p#ison"))
        await replay(spool)
        assert names(await taken(spool)) == ["another"]
        assert spool.damaged == 1
        await spool.close()

    asyncio.run(run())
