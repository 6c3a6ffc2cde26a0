"""What the engines tell Prometheus."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.reasons import Reason
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.guard import Verdict
from stream_processors.engine.partition import Flush

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
RECORDS = (1, 10, 100, 500, 1_000, 5_000, 10_000, 50_000)
PREFIX = "sillage_streams_"
REASONS = frozenset(reason.value for reason in Reason)


class Instruments:
    """The metrics of all engines of a process, in one registry; each is labelled with the application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(PREFIX + name, text, ("application", *labels), registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(PREFIX + name, text, ("application", *labels), registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(PREFIX + name, text, ("application",), buckets=buckets, registry=registry)

        self.batches = counter("batches", "Batches fetched, by what was done with them", "verdict")
        self.events = counter("events", "Records applied and committed, by outcome", "outcome")
        self.dead_letters = counter("dead_letters", "Records dead-lettered, by reason", "reason")
        self.flushes = counter("flushes", "Transactions committed")
        self.seek_backs = counter("seek_backs", "Times a dropped batch was read again")
        self.rewinds = counter("rewinds", "Times a flush was undone because the reducer failed")
        self.sizes = histogram("batch_records", "Records in a batch", RECORDS)
        self.apply = histogram("apply_seconds", "Applying a run of records", SECONDS)
        self.commit = histogram("commit_seconds", "One transaction", SECONDS)
        self.position = gauge("position", "Committed source offset", "partition")
        self.lag = gauge("lag", "Offsets between what is committed and the end of the partition", "partition")
        self.rows = gauge("rows", "Live rows, by table", "partition", "table")
        self.progress = gauge("last_progress_timestamp_seconds", "Last commit")


class EngineMetrics:
    """One engine's share of them."""

    def __init__(self, instruments: Instruments, application: str) -> None:
        self._all = instruments
        self._application = application
        self.seek_backs = instruments.seek_backs.labels(application)
        self.rewinds = instruments.rewinds.labels(application)
        self._sizes = instruments.sizes.labels(application)
        self._apply = instruments.apply.labels(application)
        self._commit = instruments.commit.labels(application)

    def batch(self, verdict: Verdict, records: int) -> None:
        """A batch was judged."""
        self._all.batches.labels(self._application, verdict.value).inc()
        self._sizes.observe(records)

    def applying(self) -> AbstractContextManager[object]:
        """Times one run of records."""
        return self._apply.time()

    def committing(self) -> AbstractContextManager[object]:
        """Times one transaction."""
        return self._commit.time()

    def flushed(self, flush: Flush, rows: dict[str, int]) -> None:
        """A transaction landed: only now do its records count. `rows`: live rows by table."""
        partition = flush.source.partition
        self._all.flushes.labels(self._application).inc()
        for outcome, times in flush.outcomes.items():
            self._all.events.labels(self._application, outcome).inc(times)
            if outcome in REASONS:
                self._all.dead_letters.labels(self._application, outcome).inc(times)
        self._all.position.labels(self._application, partition).set(flush.position)
        for table, count in rows.items():
            self._all.rows.labels(self._application, partition, table).set(count)
        self._all.progress.labels(self._application).set_to_current_time()

    def lags(self, lags: Mapping[TopicPartition, int | None]) -> None:
        """How far the committed position is behind the end of each partition; None: Kafka does not tell."""
        for source, offsets in lags.items():
            known = math.nan if offsets is None else offsets
            self._all.lag.labels(self._application, source.partition).set(known)

    def forget(self, lost: TopicPartition, tables: tuple[str, ...]) -> None:
        """The partition is another worker's now."""
        self._all.position.remove(self._application, lost.partition)
        self._all.lag.remove(self._application, lost.partition)
        for table in tables:
            self._all.rows.remove(self._application, lost.partition, table)
