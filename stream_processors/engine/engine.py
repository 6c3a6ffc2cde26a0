"""The engine of one agent: owns source partitions, feeds them batches, flushes what they changed.

Lives in one event loop; nothing here is thread-safe. Any failure to write ends the process: rows in memory
that are not in Kafka are worth nothing, and a fresh process goes on from the committed truth.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from schemas.topics import Namespace, Topic
from stream_processors.engine.batch import Batch, Source, TopicPartition
from stream_processors.engine.crash import or_exit
from stream_processors.engine.guard import Verdict
from stream_processors.engine.job import Job
from stream_processors.engine.metrics import EngineMetrics
from stream_processors.engine.partition import (
    WATERMARK_KEY,
    FailureWatch,
    Flush,
    FlushPolicy,
    OwnedPartition,
    Rewound,
    Start,
)
from stream_processors.engine.pulse import Pulse
from stream_processors.engine.table import Table
from stream_processors.engine.takeover import Extent, Reader, Rows, collector_paused
from stream_processors.engine.transaction import PartitionWriter
from wire.clients import Cluster

log = structlog.get_logger()

RECORDS_AT_A_TIME = 500
"""Applied between two looks at the event loop: keeps heartbeats and live reads prompt."""

ROTATE_S = 5.0
SEEK_BACK_S = 1.0
STALL_S = 5.0
QUIET_S = 5.0
"""Without a batch for this long, a partition's time goes on by the wall clock."""


@dataclass(slots=True)
class _Held:
    """A partition with its writer and the commit under way."""

    state: OwnedPartition
    writer: PartitionWriter
    committed: int
    commit: "asyncio.Task[None] | None" = None
    sought_at: float = 0.0
    moved_at: float = 0.0
    fed_at: float = 0.0


class Engine:
    """See the module's text.

    source_topic: the name on the cluster of what is read. namespace: of everything that is written.
    session_timeout: seconds after which Kafka gives a silent worker's partitions away.
    clock: monotonic seconds; wall_ms: epoch milliseconds.
    """

    def __init__(
        self,
        job: Job,
        source_topic: str,
        cluster: Cluster,
        namespace: Namespace,
        dead_letter: Callable[[Mapping[str, Any]], bytes],
        metrics: EngineMetrics,
        policy: FlushPolicy,
        session_timeout: float,
        clock: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.job = job
        self.source_topic = source_topic
        self.group = namespace.group(job.application)
        self._cluster = cluster
        self._namespace = namespace
        self._dead_letter = dead_letter
        self._metrics = metrics
        self._policy = policy
        self._clock = clock
        self._wall_ms = wall_ms
        self._watch = FailureWatch()
        self._pulse = Pulse(session_timeout, clock)
        self._held: dict[TopicPartition, _Held] = {}
        self._applying = False
        self._rotated_at = 0.0
        self.source: Source | None = None

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
        return self._applying

    def tables(self, partition: int) -> Sequence[Table[Any]] | None:
        """The tables of a partition that this worker holds and works on; None: ask elsewhere, or later."""
        held = self._held.get(TopicPartition(self.source_topic, partition))
        return held.state.tables if held is not None and self.ready else None

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned and their rows loaded."""
        return self._applying and bool(self._held) and not self._pulse.lost

    # Rebalance

    async def drain(self) -> None:
        """A rebalance begins: write what is open, then drop whatever still comes."""
        self._applying = False
        await or_exit(self._flush_all())

    async def take(self, assigned: set[TopicPartition]) -> None:
        """Hold exactly the assigned partitions of the source; take over those that are new here."""
        await or_exit(self._take(assigned))

    async def _take(self, assigned: set[TopicPartition]) -> None:
        wanted = {tp for tp in assigned if tp.topic == self.source_topic}
        for lost in set(self._held) - wanted:
            held = self._held.pop(lost)
            await held.writer.close()
            self._metrics.forget(lost, tuple(spec.name for spec in self.job.tables))
        news = sorted(wanted - set(self._held))
        if news:
            began = self._clock()
            with collector_paused():
                await self._take_over(news)
            log.info("took over", partitions=[tp.partition for tp in news], seconds=self._clock() - began)
        self._pulse.beat()
        self._applying = True

    async def _take_over(self, news: Sequence[TopicPartition]) -> None:
        writers = {tp: PartitionWriter(self._cluster, self.group, tp) for tp in news}
        await asyncio.gather(*(writer.fence() for writer in writers.values()))
        extents, rows = await asyncio.to_thread(self._read_back, news)
        for tp in news:
            loaded = [
                rows[TopicPartition(self._name(spec.changelog), tp.partition)] for spec in self.job.tables
            ]
            had_rows = any(loaded)
            watermark = loaded[0].pop(WATERMARK_KEY, b"0")
            tables = [Table(spec, kept) for spec, kept in zip(self.job.tables, loaded, strict=True)]
            start = Start(extents[tp].position(tp, had_rows), int(watermark))
            state = OwnedPartition(self.job, tp, start, tables, self._name, self._dead_letter, self._watch)
            now = self._clock()
            self._held[tp] = _Held(state, writers[tp], state.position, moved_at=now, fed_at=now)
            await asyncio.sleep(0)  # many rows take a while; others have a pulse to keep

    def _read_back(self, news: Sequence[TopicPartition]) -> tuple[Mapping[TopicPartition, Extent], Rows]:
        changelogs = [self._name(spec.changelog) for spec in self.job.tables]
        with Reader(self._cluster, self.group) as reader:
            return reader.extents(news), reader.load(changelogs, [tp.partition for tp in news])

    def _name(self, topic: Topic) -> str:
        return self._namespace.topic(topic)

    # Applying

    async def feed(self, batch: Batch) -> None:
        """Apply a batch, or drop it, or ask for what lies before it."""
        held = self._held.get(batch.source)
        if held is None or not self._applying:
            return
        held.fed_at = self._clock()
        verdict = held.state.judge(batch)
        self._metrics.batch(verdict, len(batch.records))
        if verdict is Verdict.SEEK_BACK:
            await self._seek_back(held)
        elif verdict is Verdict.APPLY:
            await or_exit(self._apply(held, batch))

    async def _apply(self, held: _Held, batch: Batch) -> None:
        records, at = batch.records, 0
        while at == 0 or at < len(records):
            run = records[at : at + RECORDS_AT_A_TIME]
            last = at + RECORDS_AT_A_TIME >= len(records)
            try:
                with self._metrics.applying():
                    whole = held.state.apply(batch, run, batch.end if last else run[-1].offset + 1)
            except Rewound:
                await self._read_again(held)
                return
            if not whole or held.state.waiting >= self._policy.records:
                await self._begin_flush(held)
            await asyncio.sleep(0)
            if not self._applying:
                return  # a rebalance began: what was not applied is read again
            if whole:
                at += RECORDS_AT_A_TIME
        held.moved_at = self._clock()

    async def _seek_back(self, held: _Held) -> None:
        if self.source is None or self._clock() - held.sought_at < SEEK_BACK_S:
            return
        held.sought_at = self._clock()
        log.warning("batches were dropped on the way; reading again", source=held.state.source)
        await self._read_again(held)

    async def _read_again(self, held: _Held) -> None:
        self._metrics.seek_backs.inc()
        if self.source is not None:
            await self.source.seek_wait({held.state.source: held.state.position})

    # Flushing

    async def run(self) -> None:
        """Flush at every interval, until cancelled."""
        await asyncio.gather(or_exit(self._pulse.keep(lambda: self._applying)), self._flush_at_intervals())

    async def _flush_at_intervals(self) -> None:
        while True:
            began = self._clock()
            await or_exit(self._tick())
            await asyncio.sleep(max(0.0, self._policy.interval - (self._clock() - began)))

    async def _tick(self) -> None:
        if not self._applying:
            return
        for held in list(self._held.values()):
            self.job.tick(held.state, self._now(held))
            if held.state.dirty:
                await self._begin_flush(held)
            await asyncio.sleep(0)  # a large flush takes a while to pack, and there may be one a partition
            if not self.ready:
                return  # a rebalance began: what was drained stays as it is
        await self._look_for_stalls()
        if self._clock() - self._rotated_at >= ROTATE_S:
            self._rotated_at = self._clock()
            for held in self._held.values():
                for table in held.state.tables:
                    table.rotate()

    def _now(self, held: _Held) -> int:
        """The partition's own time; the wall clock's once nothing has come for a while."""
        quiet = self._clock() - held.fed_at > QUIET_S
        return max(held.state.watermark, self._wall_ms()) if quiet else held.state.watermark

    async def _begin_flush(self, held: _Held) -> None:
        """Start writing what is open; waits for the partition's transaction under way first."""
        while held.commit is not None and not held.commit.done():
            await asyncio.wait(
                {held.commit}
            )  # not `await`: who is cancelled while waiting must not cancel it
        if held.state.dirty:
            held.commit = asyncio.create_task(or_exit(self._commit(held, held.state.take_flush())))

    async def _commit(self, held: _Held, flush: Flush) -> None:
        with self._metrics.committing():
            await held.writer.commit(flush)
        held.committed = flush.position
        held.state.landed()
        rows = {table.spec.name: len(table.committed) for table in held.state.tables}
        self._metrics.flushed(flush, rows)

    async def _flush_all(self) -> None:
        for held in self._held.values():
            await self._begin_flush(held)
        commits = {held.commit for held in self._held.values() if held.commit is not None}
        if commits:
            await asyncio.wait(commits)

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
        for held in self._held.values():
            await held.writer.close()
        self._held.clear()
