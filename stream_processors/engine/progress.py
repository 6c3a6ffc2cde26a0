"""Whether an engine gets on with its work: alive is who moves while there is something to do.

Kafka is asked how far each source partition reaches, apart from the consumer that feeds the engine: one that
has stopped fetching does not know what it misses.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

import structlog
from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from stream_processors.engine.batch import TopicPartition
from wire.clients import ERRORS_ONLY, Cluster, consumer_settings

LOOK_S: Final = 2.0
STUCK_AFTER_S: Final = 60.0
"""With records waiting and no commit for this long, a partition is stuck."""
TAKEOVER_S: Final = 300.0
"""A rebalance with its loading of rows may take this long."""
REQUEST_TIMEOUT_S: Final = 1.0

log = structlog.get_logger()


class Worked(Protocol):
    """The engine as seen from here."""

    @property
    def applying(self) -> bool:
        """Whether no rebalance is under way."""
        ...

    def committed(self) -> Mapping[TopicPartition, int]:
        """The committed offset of every partition held."""
        ...


class Progress:
    """What was seen of an engine, look by look. `clock` gives monotonic seconds."""

    def __init__(self, engine: Worked, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._applied_at = clock()
        self._moved: dict[TopicPartition, tuple[int, float]] = {}
        self._lags: dict[TopicPartition, int] = {}

    def look(self, ends: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Take note of how things stand; gives how many offsets each partition is behind its end."""
        now, committed = self._clock(), self._engine.committed()
        if self._engine.applying:
            self._applied_at = now
        self._lags = {tp: max(0, ends[tp] - at) for tp, at in committed.items() if tp in ends}
        known, self._moved = self._moved, {}
        for tp, at in committed.items():
            before = known.get(tp)
            still = before is not None and before[0] == at and self._lags.get(tp, 0) > 0
            self._moved[tp] = before if still and before is not None else (at, now)
        return self._lags

    def not_alive(self) -> str | None:
        """Why the worker should be looked at, or started afresh; None while it is alive."""
        now = self._clock()
        if now - self._applied_at > TAKEOVER_S:
            return f"rebalancing, or loading rows, for {now - self._applied_at:.0f} s"
        for tp, (at, since) in self._moved.items():
            if self._lags.get(tp, 0) and now - since > STUCK_AFTER_S:
                waiting = f"{self._lags[tp]} records waiting"
                return f"{tp.topic}[{tp.partition}] has stood at {at} for {now - since:.0f} s with {waiting}"
        return None


class Ends:
    """Asks Kafka how far committed records reach. Blocking calls.

    By a consumer that joins nothing, not by an AdminClient: while one of several brokers is down, its
    list_offsets takes a whole core until the time is up.
    """

    def __init__(self, cluster: Cluster, group: str) -> None:
        settings = consumer_settings(cluster, "sillage-progress", group)
        self._consumer = Consumer({**settings, "log_level": ERRORS_ONLY})

    def of(self, sources: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The end of each partition; without those that Kafka does not tell now."""
        ends = {}
        for source in sources:
            try:
                _, ends[source] = self._consumer.get_watermark_offsets(
                    KafkaPartition(*source), timeout=REQUEST_TIMEOUT_S
                )
            except KafkaException as error:
                log.debug("no end told", source=source, error=str(error))
        return ends


async def watch(
    engine: Worked, progress: Progress, ends: Ends, told: Callable[[Mapping[TopicPartition, int]], None]
) -> None:
    """Look every few seconds, until cancelled; `told` gets how far each partition is behind."""
    while True:
        told(progress.look(await asyncio.to_thread(ends.of, list(engine.committed()))))
        await asyncio.sleep(LOOK_S)
