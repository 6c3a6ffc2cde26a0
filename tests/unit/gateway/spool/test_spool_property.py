"""Whatever happens in whatever order: what was answered and not acknowledged is still there."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_gateway.spool.ledger import Bounds
from ingest_gateway.spool.segments import segments_in
from ingest_gateway.spool.spool import Entry, Spool
from tests.unit.gateway.spool.rig import Delivery, crash, names, opened, records, taken

SMALL_SEGMENTS = Bounds(max_bytes=16 * 400, max_age_ms=60_000)
"""Of some four entries each."""
FEW_AT_ONCE = 25


@dataclass
class World:
    """A spool, what it said yes to, and what Kafka has."""

    folder: Path
    spool: Spool
    fresh: Callable[[], int] = field(default_factory=lambda: count().__next__)
    answered: set[str] = field(default_factory=set)
    in_kafka: list[str] = field(default_factory=list)
    in_flight: list[tuple[str, Delivery]] = field(default_factory=list)
    held: list[Entry] = field(default_factory=list)
    crashed: bool = False

    async def keep(self) -> None:
        await self._keep(None)

    async def keep_in_flight(self) -> None:
        await self._keep(Delivery())

    async def _keep(self, delivery: Delivery | None) -> None:
        if len(self.answered) - len(set(self.in_kafka)) >= FEW_AT_ONCE:
            return
        name = f"{self.fresh():04}" + "x" * 40
        await self.spool.keep(records(name), delivery)
        self.answered.add(name)
        if delivery is not None:
            self.in_flight.append((name, delivery))

    async def acknowledge(self) -> None:
        if self.in_flight:
            name, delivery = self.in_flight.pop(0)
            self.in_kafka.append(name)
            delivery.end(True)

    async def fail(self) -> None:
        if self.in_flight:
            self.in_flight.pop()[1].end(False)

    async def take(self) -> None:
        self.held += await self.spool.take(2)

    async def deliver(self) -> None:
        if self.held:
            entry = self.held.pop()
            self.in_kafka += names([entry])
            self.spool.settle(entry)

    async def tell_the_disk(self) -> None:
        self.spool.note_settled()

    async def kill(self) -> None:
        """What Kafka was still to say is not heard any more; a torn write may be at the end."""
        await crash(self.spool)
        if segments := segments_in(self.folder):
            with segments[-1].path.open("ab") as file:
                file.write(segments[-1].marker + b"torn")
        self.in_flight.clear()
        self.held.clear()
        self.crashed = True
        self.spool = await opened(self.folder, SMALL_SEGMENTS)

    async def end(self) -> None:
        for _, delivery in self.in_flight:
            delivery.end(False)
        self.held += await taken(self.spool)
        while self.held:
            await self.deliver()
        assert set(self.in_kafka) == self.answered
        if not self.crashed:
            assert len(self.in_kafka) == len(self.answered)
        assert (self.spool.ledger.entries, self.spool.ledger.records, self.spool.ledger.lost) == (0, 0, 0)
        await self.spool.close()
        assert segments_in(self.folder) == []


Step = Callable[[World], Coroutine[None, None, None]]
STEPS: list[Step] = [
    World.keep,
    World.keep,
    World.keep_in_flight,
    World.acknowledge,
    World.fail,
    World.take,
    World.deliver,
    World.tell_the_disk,
    World.kill,
]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(STEPS), max_size=40))
def test_nothing_answered_is_lost_and_without_a_crash_nothing_is_sent_twice(steps: list[Step]) -> None:
    async def run(folder: Path) -> None:
        world = World(folder, await opened(folder, SMALL_SEGMENTS))
        for step in steps:
            await step(world)
        await world.end()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
