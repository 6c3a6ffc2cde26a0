"""What the engine tells Prometheus."""

from contextlib import AbstractContextManager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.guard import Verdict
from stream_processors.engine.partition import Flush

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
RECORDS = (1, 10, 100, 500, 1_000, 5_000, 10_000, 50_000)


class EngineMetrics:
    """One engine's metrics, in `registry`, labelled with its application."""

    def __init__(self, registry: CollectorRegistry, application: str) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"sillage_streams_{name}", text, ("application", *labels), registry=registry)

        self._application = application
        self._batches = counter("batches", "Batches fetched, by what was done with them", "verdict")
        self._events = counter("events", "Records applied and committed, by outcome", "outcome")
        self._flushes = counter("flushes", "Transactions committed")
        self.seek_backs = counter("seek_backs", "Times a dropped batch was read again").labels(application)
        self._sizes = Histogram(
            "sillage_streams_batch_records",
            "Records in a batch",
            ("application",),
            buckets=RECORDS,
            registry=registry,
        ).labels(application)
        self._apply = Histogram(
            "sillage_streams_apply_seconds",
            "Applying a run of records",
            ("application",),
            buckets=SECONDS,
            registry=registry,
        ).labels(application)
        self._commit = Histogram(
            "sillage_streams_commit_seconds",
            "One transaction",
            ("application",),
            buckets=SECONDS,
            registry=registry,
        ).labels(application)
        self._position = Gauge(
            "sillage_streams_position",
            "Committed source offset",
            ("application", "partition"),
            registry=registry,
        )
        self._progress = Gauge(
            "sillage_streams_last_progress_timestamp_seconds",
            "Last commit",
            ("application",),
            registry=registry,
        ).labels(application)

    def batch(self, verdict: Verdict, records: int) -> None:
        self._batches.labels(self._application, verdict.value).inc()
        self._sizes.observe(records)

    def applying(self) -> AbstractContextManager[object]:
        return self._apply.time()

    def committing(self) -> AbstractContextManager[object]:
        return self._commit.time()

    def flushed(self, flush: Flush) -> None:
        """A transaction landed: only now do its records count."""
        self._flushes.labels(self._application).inc()
        for outcome, times in flush.outcomes.items():
            self._events.labels(self._application, outcome).inc(times)
        self._position.labels(self._application, flush.source.partition).set(flush.position)
        self._progress.set_to_current_time()

    def forget(self, partition: TopicPartition) -> None:
        """The partition is another worker's now."""
        self._position.remove(self._application, partition.partition)
