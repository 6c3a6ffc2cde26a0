"""Whether an engine gets on with its work: alive is who moves while there is something to do.

Kafka is asked how far each source partition reaches, apart from the consumer that feeds the engine: one that
has stopped fetching does not know what it misses.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final, Protocol

import structlog
from confluent_kafka import OFFSET_END, Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from stream_processors.engine.batch import TopicPartition
from stream_processors.errors import Stuck
from wire.clients import ERRORS_ONLY, Cluster, consumer_settings

LOOK_S: Final = 2.0
STUCK_AFTER_S: Final = 60.0
"""With records waiting and no commit for this long, a partition is stuck."""
TAKEOVER_S: Final = 300.0
"""A rebalance with its loading of rows may take this long."""
GIVE_UP_AFTER_S: Final = 180.0
"""Not alive for this long, the worker ends itself: not everything that runs it looks at its health."""
REQUEST_TIMEOUT_S: Final = 5.0

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

    def reaches(self, ends: Mapping[TopicPartition, int]) -> None:
        """Note how far each partition reaches, as far as Kafka tells it now."""
        ...


class Progress:
    """What was seen of an engine, look by look. `clock` gives monotonic seconds."""

    def __init__(self, engine: Worked, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._applied_at = clock()
        self._moved: dict[TopicPartition, tuple[int, float]] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._alive_at = clock()

    def look(self, ends: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int | None]:
        """Take note of how things stand; gives how many offsets each partition held is behind its end.

        `ends`: without those that Kafka does not tell now. Their lag is None, but an end that was told before
        still stands: what waited then waits still, or was committed.
        """
        now, committed = self._clock(), self._engine.committed()
        if self._engine.applying:
            self._applied_at = now
        self._ends = {tp: end for tp, end in {**self._ends, **ends}.items() if tp in committed}
        known, self._moved = self._moved, {}
        for tp, at in committed.items():
            before = known.get(tp)
            still = before is not None and before[0] == at and self._waiting(tp, at) > 0
            self._moved[tp] = before if still and before is not None else (at, now)
        return {tp: self._waiting(tp, at) if tp in ends else None for tp, at in committed.items()}

    def _waiting(self, tp: TopicPartition, at: int) -> int:
        return max(0, self._ends.get(tp, 0) - at)

    def not_alive(self) -> str | None:
        """Why the worker should be looked at, or started afresh; None while it is alive."""
        now = self._clock()
        if now - self._applied_at > TAKEOVER_S:
            return f"rebalancing, or loading rows, for {now - self._applied_at:.0f} s"
        for tp, (at, since) in self._moved.items():
            if (waiting := self._waiting(tp, at)) and now - since > STUCK_AFTER_S:
                stood = f"{tp.topic}[{tp.partition}] has stood at {at} for {now - since:.0f} s"
                return f"{stood} with {waiting} records waiting"
        return None

    def give_up(self) -> None:
        """Raises Stuck where this worker has not been alive for so long that it should end."""
        now, reason = self._clock(), self.not_alive()
        if reason is None:
            self._alive_at = now
        elif now - self._alive_at > GIVE_UP_AFTER_S:
            raise Stuck(reason)


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
        asked = [KafkaPartition(*source, OFFSET_END) for source in sources]
        try:
            answers = self._consumer.offsets_for_times(asked, timeout=REQUEST_TIMEOUT_S) if asked else []
        except KafkaException as error:
            log.debug("no ends told", error=str(error))
            self._look_for_leaders()
            return {}
        return {TopicPartition(at.topic, at.partition): at.offset for at in answers if at.error is None}

    def _look_for_leaders(self) -> None:
        """A consumer that reads nothing does not notice by itself that a partition has a new leader."""
        with suppress(KafkaException):
            self._consumer.list_topics(timeout=REQUEST_TIMEOUT_S)


async def watch(
    engine: Worked,
    progress: Progress,
    ends: Ends,
    told: Callable[[Mapping[TopicPartition, int | None]], None],
) -> None:
    """Look every few seconds, until cancelled; `told` gets how far each partition is behind. Raises Stuck."""
    while True:
        found = await asyncio.to_thread(ends.of, list(engine.committed()))
        engine.reaches(found)
        told(progress.look(found))
        progress.give_up()
        await asyncio.sleep(LOOK_S)
