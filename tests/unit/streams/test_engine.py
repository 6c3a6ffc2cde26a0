"""Whose rows an engine believes to hold, through rebalances, cuts and freezes; and what it keeps of them."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn

import pytest

from schemas.topics import SESSIONS
from stream_processors.engine import crash
from stream_processors.engine.held import ROTATE_S
from stream_processors.engine.session import Membership
from stream_processors.errors import EXIT_RESTART
from tests.unit.sinks.records import interaction
from tests.unit.streams.engine_fakes import SOURCE, FakeRecord, batch, encode
from tests.unit.streams.engine_rig import FakeWriter, Rig

FIRST = Membership("a", 7)
OURS = {SOURCE}


class Ended(BaseException):
    """In place of the end of the process."""


@pytest.fixture(autouse=True)
def ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(code: int) -> NoReturn:
        assert code == EXIT_RESTART
        raise Ended

    monkeypatch.setattr(crash, "end_now", end)


def run(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


def event(at: int, session: str) -> FakeRecord:
    return FakeRecord(at, encode(interaction(session_id=session)), session.encode())


async def working(rig: Rig, membership: Membership = FIRST) -> FakeWriter:
    """The engine at work on its partition; its writer."""
    rig.heartbeat()
    await rig.engine.take(OURS, membership)
    writer: FakeWriter = rig.kafka.writers[-1]
    return writer


def test_rows_are_kept_over_a_rebalance_in_which_nobody_else_can_have_had_them() -> None:
    async def scene() -> None:
        rig = Rig()
        writer = await working(rig)
        await rig.engine.drain()
        assert rig.engine.tables(0) is None
        await rig.engine.take(OURS, Membership("a", 8))
        assert rig.engine.ready
        assert rig.kafka.writers == [writer]
        assert not writer.closed

    run(scene())


def test_rows_are_read_anew_where_a_generation_was_missed() -> None:
    """Its partition may have been another worker's meanwhile, which wrote rows that this one has not."""

    async def scene() -> None:
        rig = Rig()
        stale = await working(rig)
        await rig.engine.drain()
        await rig.engine.feed(batch(0, 1, event(0, "s-1")))
        rig.kafka.committed = 5
        await rig.engine.take(OURS, Membership("a", 9))
        assert stale.closed
        assert rig.engine.positions() == {SOURCE: 5}

    run(scene())


@pytest.mark.parametrize("back_as", [Membership("b", 7), Membership("b", 8)])
def test_a_member_that_was_given_up_ends_rather_than_show_what_it_had(back_as: Membership) -> None:
    async def scene() -> None:
        rig = Rig()
        await working(rig)
        await rig.engine.drain()
        await rig.engine.take(OURS, back_as)

    with pytest.raises(Ended):
        run(scene())


def test_a_member_that_was_given_up_ends_before_it_joins_anew() -> None:
    async def scene() -> None:
        rig = Rig()
        await working(rig)
        await rig.engine.expelled()

    with pytest.raises(Ended):
        run(scene())


def test_so_does_one_that_held_nothing_lest_two_of_one_id_replace_each_other_for_ever() -> None:
    async def scene() -> None:
        rig = Rig()
        rig.heartbeat()
        await rig.engine.take(set(), FIRST)
        await rig.engine.expelled()

    with pytest.raises(Ended):
        run(scene())


def test_who_was_no_member_yet_joins() -> None:
    async def scene() -> None:
        rig = Rig()
        await rig.engine.expelled()
        await working(rig)
        assert rig.engine.ready

    run(scene())


def test_rows_are_not_shown_without_a_heartbeat_that_kafka_took() -> None:
    async def scene() -> None:
        rig = Rig()
        await working(rig)
        assert rig.engine.tables(0) is not None
        rig.clock.now += rig.session.timeout + 1
        assert rig.engine.tables(0) is None
        rig.heartbeat()
        assert rig.engine.tables(0) is not None

    run(scene())


def test_a_worker_frozen_on_its_way_to_a_takeover_fences_nobody() -> None:
    async def scene() -> None:
        rig = Rig()
        rig.heartbeat()
        rig.clock.now += rig.session.timeout + 1
        taking = asyncio.ensure_future(rig.engine.take(OURS, FIRST))
        await asyncio.sleep(0)
        rig.clock.now += rig.session.timeout + 1
        try:
            await taking
        finally:
            assert rig.kafka.writers == []

    with pytest.raises(Ended):
        run(scene())


def test_a_worker_whose_heartbeats_go_on_takes_over_however_late() -> None:
    async def scene() -> None:
        rig = Rig()
        taking = asyncio.ensure_future(rig.engine.take(OURS, FIRST))
        await asyncio.sleep(0)
        assert rig.kafka.writers == []
        rig.heartbeat()
        await taking
        assert rig.engine.ready

    run(scene())


def test_row_objects_do_not_pile_up_while_events_never_stop() -> None:
    async def scene() -> None:
        rig = Rig()
        await working(rig)
        (table,) = rig.engine.tables(0) or ()
        most = 0
        for at in range(0, 3_000, 50):
            records = [event(at + n, f"s-{at + n}") for n in range(50)]
            await rig.engine.feed(batch(at, at + 50, *records))
            rig.clock.now += ROTATE_S / 4
            rig.heartbeat()
            most = max(most, table.unpacked)
        assert rig.engine.positions() == {SOURCE: 3_000}
        assert most <= 1_000

    run(scene())


def test_a_backlog_is_not_taken_for_silence() -> None:
    """Sessions end by the wall clock only once Kafka says that nothing waits: what waits may reopen them."""

    async def scene() -> None:
        rig = Rig(wall_ms=10**13)
        writer = await working(rig)
        await rig.engine.feed(batch(0, 1, event(0, "s-1")))
        rig.clock.now += 6
        rig.heartbeat()
        rig.engine.reaches({SOURCE: 2})
        await rig.engine._tick()
        await rig.engine.drain()
        assert [len(flush.records[f"t.{SESSIONS.name}", 0]) for flush in writer.flushes] == [1]
        await rig.engine.take(OURS, Membership("a", 8))
        rig.engine.reaches({SOURCE: 1})
        await rig.engine._tick()
        await rig.engine.drain()
        assert len(writer.flushes) == 2

    run(scene())
