"""The engine of one agent: owns source partitions, feeds them batches, flushes what they changed.

Lives in one event loop; nothing here is thread-safe. Any failure to write ends the process: rows in memory
that are not in Kafka are worth nothing, and a fresh process goes on from the committed truth.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog

from stream_processors.engine.batch import Batch, Source, TopicPartition
from stream_processors.engine.crash import or_exit
from stream_processors.engine.guard import Verdict
from stream_processors.engine.held import Held
from stream_processors.engine.job import Job
from stream_processors.engine.metrics import EngineMetrics
from stream_processors.engine.partition import FlushPolicy, Rewound
from stream_processors.engine.session import Membership, Session
from stream_processors.engine.table import Table
from stream_processors.engine.takeover import Takeover
from stream_processors.errors import Expelled

log = structlog.get_logger()

RECORDS_AT_A_TIME: Final = 500
"""Applied between two looks at the event loop: keeps live reads prompt."""

SEEK_BACK_S: Final = 1.0
STALL_S: Final = 5.0
QUIET_S: Final = 5.0
"""Without a batch for this long, and none waiting, a partition's time goes on by the wall clock."""
TOLD_S: Final = 10.0
"""How long it counts what Kafka told of a partition's end."""
DRAIN_S: Final = 10.0
"""Less than transaction.TRANSACTION_TIMEOUT_MS: after that Kafka aborts what is not committed."""


class Phase(StrEnum):
    """Where the engine is in the life of a group's generation, in this order, over and over."""

    JOINING = "waiting to be told its partitions"
    TAKING = "taking partitions over"
    WORKING = "applying, flushing and answering"
    DRAINING = "writing what is open before partitions may go"


class Engine:
    """See the module's text.

    source_topic: the name on the cluster of what is read.
    clock: monotonic seconds; wall_ms: epoch milliseconds.
    """

    def __init__(
        self,
        job: Job,
        source_topic: str,
        takeover: Takeover,
        session: Session,
        metrics: EngineMetrics,
        policy: FlushPolicy,
        clock: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.job = job
        self.source_topic = source_topic
        self.session = session
        self.source: Source | None = None
        self._takeover = takeover
        self._metrics = metrics
        self._policy = policy
        self._clock = clock
        self._wall_ms = wall_ms
        self._phase = Phase.JOINING
        self._membership: Membership | None = None
        self._held: dict[TopicPartition, Held] = {}
        self._ends: Mapping[TopicPartition, int] = {}
        self._ends_at = clock()

    # What live reads and health checks ask

    def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset to apply, of every partition held."""
        return {tp: held.state.position for tp, held in self._held.items()}

    def committed(self) -> Mapping[TopicPartition, int]:
        """The committed offset of every partition held."""
        return {tp: held.committed for tp, held in self._held.items()}

    @property
    def applying(self) -> bool:
        """Whether no rebalance is under way."""
        return self._phase is Phase.WORKING

    def tables(self, partition: int) -> Sequence[Table[Any]] | None:
        """The tables of a partition that this worker holds and works on; None: ask elsewhere, or later."""
        held = self._held.get(TopicPartition(self.source_topic, partition))
        return held.state.tables if held is not None and self.ready else None

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned, their rows loaded, and nobody else can have been given them."""
        return self.applying and bool(self._held) and not self.session.lapsed

    def reaches(self, ends: Mapping[TopicPartition, int]) -> None:
        """Note how far each partition reaches, as far as Kafka tells it now."""
        self._ends, self._ends_at = ends, self._clock()

    # Rebalance

    async def drain(self) -> None:
        """A rebalance begins: write what is open, then drop whatever still comes."""
        self._phase = Phase.DRAINING
        await or_exit(self._drain())

    async def expelled(self) -> None:
        """Kafka gave this worker up: its partitions may be another's, and a fresh process asks for its share.

        Before it joins anew: it would take the place of whoever has its id by now.
        """
        self._phase = Phase.DRAINING
        if self._membership is not None:
            await or_exit(self._given_up())

    async def take(self, assigned: set[TopicPartition], membership: Membership) -> None:
        """Hold exactly the assigned partitions of the source; take over those that are new here."""
        self._phase = Phase.TAKING
        await or_exit(self._take(assigned, membership))
        if self._phase is Phase.TAKING:  # not if it was told to end meanwhile
            self._phase = Phase.WORKING

    async def _given_up(self) -> None:
        raise Expelled("Kafka does not know this member any more: it was not heard for too long")

    async def _take(self, assigned: set[TopicPartition], membership: Membership) -> None:
        before, self._membership = self._membership, membership
        if before is not None and membership.member_id != before.member_id:
            await self._given_up()
        wanted = {tp for tp in assigned if tp.topic == self.source_topic}
        kept = wanted & self._held.keys() if membership.follows(before) else set()
        for tp in self._held.keys() - kept:
            await self._let_go(tp)
        news = sorted(wanted - kept)
        if news:
            began = self._clock()
            for tp, taken in (await self._takeover.of(news)).items():
                self._held[tp] = Held(taken, self._metrics, self._clock)
            log.info("took over", partitions=[tp.partition for tp in news], seconds=self._clock() - began)

    async def _let_go(self, tp: TopicPartition) -> None:
        await self._held.pop(tp).close()
        self._metrics.forget(tp, tuple(spec.name for spec in self.job.tables))

    async def _drain(self) -> None:
        async with asyncio.timeout(DRAIN_S):
            for held in self._held.values():
                await held.flush()
            await asyncio.gather(*(held.flushed() for held in self._held.values()))

    # Applying

    async def feed(self, batch: Batch) -> None:
        """Apply a batch, or drop it, or ask for what lies before it."""
        held = self._held.get(batch.source)
        if held is not None and self.applying:
            await or_exit(self._feed(held, batch))

    async def _feed(self, held: Held, batch: Batch) -> None:
        held.fed_at = self._clock()
        verdict = held.state.judge(batch)
        self._metrics.batch(verdict, len(batch.records))
        if verdict is Verdict.SEEK_BACK:
            await self._seek_back(held)
        elif verdict is Verdict.APPLY:
            await self._apply(held, batch)

    async def _apply(self, held: Held, batch: Batch) -> None:
        records, at = batch.records, 0
        while at == 0 or at < len(records):
            run = records[at : at + RECORDS_AT_A_TIME]
            last = at + RECORDS_AT_A_TIME >= len(records)
            try:
                whole = held.apply(batch, run, batch.end if last else run[-1].offset + 1)
            except Rewound:
                self._metrics.rewinds.inc()
                await self._read_again(held)
                return
            if not whole or held.state.waiting >= self._policy.records:
                await held.flush()
            await asyncio.sleep(0)
            if not self.applying:
                return  # a rebalance began: what was not applied is read again
            if whole:
                at += RECORDS_AT_A_TIME
        held.moved_at = self._clock()

    async def _seek_back(self, held: Held) -> None:
        if self._clock() - held.sought_at < SEEK_BACK_S:
            return
        held.sought_at = self._clock()
        self._metrics.seek_backs.inc()
        log.warning("batches were dropped on the way; reading again", source=held.state.source)
        await self._read_again(held)

    async def _read_again(self, held: Held) -> None:
        if self.source is not None:
            await self.source.seek_wait({held.state.source: held.state.position})

    # Flushing

    async def run(self) -> None:
        """Flush at every interval, until cancelled."""
        while True:
            began = self._clock()
            await or_exit(self._tick())
            await asyncio.sleep(max(0.0, self._policy.interval - (self._clock() - began)))

    async def _tick(self) -> None:
        for held in list(self._held.values()):
            if not self.applying:
                return  # a rebalance began: what was drained stays as it is
            self.job.tick(held.state, self._now(held))
            await held.flush()
            await asyncio.sleep(0)  # a large flush takes a while to pack, and there may be one a partition
        if self.applying:
            await self._look_for_stalls()

    def _now(self, held: Held) -> int:
        """The partition's own time; the wall clock's once nothing has come for a while, and nothing waits."""
        quiet = self._clock() - held.fed_at > QUIET_S and self._at_end(held)
        return max(held.state.watermark, self._wall_ms()) if quiet else held.state.watermark

    def _at_end(self, held: Held) -> bool:
        """Whether Kafka said lately that the partition ends where it is applied to."""
        end = self._ends.get(held.state.source)
        fresh = self._clock() - self._ends_at <= TOLD_S
        return fresh and end is not None and end <= held.state.position

    async def _look_for_stalls(self) -> None:
        """A dropped batch shows when its successor comes; the last one of all has no successor."""
        if self.source is None:
            return
        fetched = self.source.fetched_to()
        for tp, held in self._held.items():
            behind = max(0, fetched.get(tp, 0) - held.state.position)
            if not behind:
                held.moved_at = self._clock()
            elif self._clock() - held.moved_at > STALL_S:
                held.moved_at = self._clock()
                await self._seek_back(held)

    async def close(self) -> None:
        """Write what is open and let go of everything."""
        await self.drain()
        for tp in list(self._held):
            await self._let_go(tp)
