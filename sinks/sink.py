"""The loop: poll, add, flush when due; and what to do when something is away."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Final

import structlog

from sinks.batch import Batch
from sinks.database import Database
from sinks.errors import Unavailable
from sinks.health import Health
from sinks.intake import Intake
from sinks.metrics import Metrics
from sinks.offsets import Bounds, checked_start
from sinks.record import End, Partition, Record
from sinks.source import Source
from sinks.tables import TABLES
from sinks.writer import Writer
from wire.errors import RegistryUnavailable

POLL_RECORDS: Final = 1_000
POLL_TIMEOUT_S: Final = 0.05
LAG_EVERY_S: Final = 2.0

FIRST_BACKOFF_S: Final = 0.25
LONGEST_BACKOFF_S: Final = 5.0

OUTAGES: Final = (Unavailable, RegistryUnavailable)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a sink is wired from."""

    source: Source
    intake: Intake
    batch: Batch
    writer: Writer
    database: Database
    health: Health
    metrics: Metrics


class Sink:
    """Stores what the topics hold until told to stop. Single-threaded: nothing moves while it flushes."""

    def __init__(self, parts: Parts, stopping: Event, clock: Callable[[], float]) -> None:
        """`clock` in seconds, monotonic."""
        self._source = parts.source
        self._intake = parts.intake
        self._batch = parts.batch
        self._writer = parts.writer
        self._database = parts.database
        self._health = parts.health
        self._metrics = parts.metrics
        self._stopping = stopping
        self._clock = clock
        self._backoff_s = FIRST_BACKOFF_S
        self._lag_at = 0.0
        self._tables = {table.name: table for table in TABLES}

    def run(self) -> None:
        """Until `stopping` is set. Raises Fenced or LoudStop; outages are waited out."""
        self._source.subscribe(self._intake.topics, self._on_change)
        try:
            while not self._stopping.is_set():
                try:
                    self._step()
                except OUTAGES as outage:
                    self._wait_out(outage)
            self._finish()
        finally:
            self._source.close()
            self._database.close()

    def _step(self) -> None:
        for arrived in self._source.poll(POLL_RECORDS, POLL_TIMEOUT_S):
            self._take(arrived)
        if self._source.waiting:
            self._place()
        if self._batch.due(self._clock()):
            self._flush()
        self._observe()

    def _take(self, arrived: Record | End) -> None:
        if isinstance(arrived, End):
            self._batch.reached(arrived)
        elif self._batch.wants(arrived):
            self._batch.add(arrived, self._intake.read(arrived), self._clock())
            if self._batch.full:
                self._flush()

    def _flush(self) -> None:
        began = self._clock()
        outcome = self._writer.write(self._batch.contents())
        now = self._clock()
        self._batch.stored(now)
        self._source.report(self._batch.positions)
        self._metrics.flushed(self._tables, outcome, now - began)
        self._health.ready()
        self._backoff_s = FIRST_BACKOFF_S
        for rejection in outcome.rejections:
            log.warning(
                "dead_lettered",
                reason=rejection.reason.value,
                topic=rejection.record.source.topic,
                partition=rejection.record.source.number,
                offset=rejection.record.offset,
            )

    def _place(self) -> None:
        """Begin to read the partitions Kafka gave us where the database says."""
        bounds = {source: self._source.bounds(source) for source in self._source.claimed or ()}
        stored = self._database.offsets({source: bound.low for source, bound in bounds.items()})
        starts = {source: checked_start(source, stored[source], bound) for source, bound in bounds.items()}
        self._batch.begin(starts, self._clock())
        self._source.read_from(starts)
        self._health.ready()
        log.info("partitions_placed", partitions=len(starts), behind=_behind(starts, bounds))

    def _on_change(self) -> None:
        """Partitions came or went: what was read and not stored is for whoever has them next."""
        self._batch.drop()
        self._health.unready("rebalance: waiting for partitions")

    def _wait_out(self, outage: Exception) -> None:
        """Forget the batch, stay in the group, and read again from the database's offsets afterwards."""
        log.warning("outage", error=str(outage), retry_in_s=self._backoff_s)
        self._health.unready(str(outage))
        self._metrics.outage()
        self._batch.drop()
        self._database.close()
        self._source.withdraw()
        until = self._clock() + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, LONGEST_BACKOFF_S)
        while self._clock() < until and not self._stopping.is_set():
            self._health.turn()
            self._poll_nothing()

    def _poll_nothing(self) -> None:
        try:
            self._source.poll(POLL_RECORDS, POLL_TIMEOUT_S)
        except Unavailable as error:
            log.debug("still_away", error=str(error))

    def _observe(self) -> None:
        now = self._clock()
        self._health.turn()
        if not self._batch.records and self._health.not_ready() is None:
            self._metrics.idle()
        if now - self._lag_at >= LAG_EVERY_S:
            self._lag_at = now
            ends = {source: self._source.known_end(source) for source in self._batch.positions}
            self._metrics.lag(
                {source: max(0, end - self._batch.positions[source]) for source, end in ends.items()}
            )

    def _finish(self) -> None:
        """Store what was read, if that is possible right now."""
        try:
            if self._batch.unsaved:
                self._flush()
        except OUTAGES as outage:
            log.warning("batch_abandoned", error=str(outage), consequence="the next sink reads it again")


def _behind(starts: dict[Partition, int], bounds: dict[Partition, Bounds]) -> int:
    return sum(bounds[source].high - start for source, start in starts.items())
