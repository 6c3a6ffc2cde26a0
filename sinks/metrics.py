"""The sink's metrics. Each event read is counted in exactly one of stored, duplicate and dead-lettered."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sinks.record import Partition
from sinks.tables import Keep, Table
from sinks.writer import Outcome

BATCH_ROWS = (1, 10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000)
FLUSH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of committed flushes, and how things stand."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._stored = Counter(
            "sillage_sink_rows_stored", "Rows inserted or updated.", ["table"], registry=registry
        )
        self._duplicates = Counter(
            "sillage_sink_duplicates", "Events that were stored before.", ["table"], registry=registry
        )
        self._superseded = Counter(
            "sillage_sink_superseded",
            "Published rows a newer one of which was there or came with them.",
            ["table"],
            registry=registry,
        )
        self._dead_letters = Counter(
            "sillage_sink_dead_letters", "Records dead-lettered.", ["reason"], registry=registry
        )
        self._batch = Histogram(
            "sillage_sink_batch_rows", "Rows in a flush.", buckets=BATCH_ROWS, registry=registry
        )
        self._flush = Histogram(
            "sillage_sink_flush_seconds",
            "From the begin of a flush to its commit.",
            buckets=FLUSH_SECONDS,
            registry=registry,
        )
        self._outages = Counter(
            "sillage_sink_outages", "Flushes put off as a server did not answer.", registry=registry
        )
        self._lag = Gauge(
            "sillage_sink_lag_records",
            "Offsets between what is stored and the end of the partition.",
            ["topic", "partition"],
            registry=registry,
        )
        self._progress = Gauge(
            "sillage_sink_last_progress_timestamp_seconds",
            "When a flush was last committed, or nothing waited to be.",
            registry=registry,
        )

    def flushed(self, tables: Mapping[str, Table], outcome: Outcome, seconds: float) -> None:
        """Count a committed flush."""
        for name, offered in outcome.offered.items():
            stored = outcome.stored.get(name, 0)
            self._stored.labels(name).inc(stored)
            before = self._duplicates if tables[name].keep is Keep.FIRST else self._superseded
            before.labels(name).inc(offered - stored + outcome.repeated.get(name, 0))
        for rejection in outcome.rejections:
            self._dead_letters.labels(rejection.reason.value).inc()
        self._batch.observe(sum(outcome.offered.values()))
        self._flush.observe(seconds)
        self._progress.set_to_current_time()

    def idle(self) -> None:
        """Nothing waits to be stored."""
        self._progress.set_to_current_time()

    def outage(self) -> None:
        """Count a back-off."""
        self._outages.inc()

    def lag(self, lags: Mapping[Partition, int]) -> None:
        """Replace the lag of all partitions; those not named are not ours any more."""
        self._lag.clear()
        for source, records in lags.items():
            self._lag.labels(source.topic, str(source.number)).set(records)
