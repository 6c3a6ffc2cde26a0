"""What a partition's new owner reads before the first record: the committed offset, then the rows.

Only after the predecessor is fenced, in this order; otherwise a transaction of its could still land between.
Read with librdkafka: it waits for offsets of open transactions (require_stable, KIP-447), which aiokafka
does not, and loads a changelog several times faster.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
)
from confluent_kafka import TopicPartition as KafkaPartition

from stream_processors.engine.batch import TopicPartition
from stream_processors.errors import LoudStop
from wire.clients import Cluster, Settings, consumer_settings

TIMEOUT_S = 30.0
SILENCE_S = 60.0
"""Nothing more of a changelog came for this long, and its end is not reached: a fresh process tries again."""
POLL_RECORDS = 10_000
POLL_S = 0.05
PAUSE_S = 0.05

BULK: Final[Settings] = {
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 50,
    "fetch.message.max.bytes": 4 * 1024 * 1024,
    # What comes faster than it is kept fills the queue; the default then fetches nothing for a second.
    "fetch.queue.backoff.ms": 10,
}

Rows = dict[TopicPartition, dict[str, bytes]]
"""Changelog bytes by key, of each partition of each changelog."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What of a source partition Kafka still has, and how far the group had come (None: never)."""

    committed: int | None
    start: int
    end: int

    def position(self, source: TopicPartition, had_rows: bool) -> int:
        """Where to go on reading. Raises LoudStop where records were lost in between, or the offset was.

        `had_rows`: whether rows were found that an earlier owner had written.
        """
        if self.committed is None:
            if had_rows:
                raise LoudStop(
                    f"{source.topic}[{source.partition}] has rows but no committed offset: Kafka forgot it"
                    " (offsets.retention.minutes), or it was deleted. Reading from the start would count"
                    " events twice. Rebuild the rows from the stored events, into a new namespace."
                )
            return self.start
        if self.start <= self.committed <= self.end:
            return self.committed
        raise LoudStop(
            f"{source.topic}[{source.partition}] is applied up to offset {self.committed}, but Kafka has"
            f" {self.start} to {self.end}: records were deleted before they were applied, or the topic was"
            " made anew. The live rows cannot be continued exactly; rebuild them from the stored events."
        )


class Reader:
    """A short-lived consumer for one takeover; never joins the group it asks about. Blocking calls."""

    def __init__(
        self,
        cluster: Cluster,
        group: str,
        connect: Callable[[Settings], Any] = Consumer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = connect({**consumer_settings(cluster, f"{group}-takeover", group), **BULK})
        self._clock = clock
        # Otherwise librdkafka asks for the leaders of what it is assigned once a second only.
        self._consumer.list_topics(timeout=TIMEOUT_S)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_error: object) -> None:
        self._consumer.close()

    def extents(self, sources: Sequence[TopicPartition]) -> Mapping[TopicPartition, Extent]:
        """Committed offset and log range of each partition. Raises KafkaException."""
        asked = [KafkaPartition(*source) for source in sources]
        answers = self._consumer.committed(asked, timeout=TIMEOUT_S)
        extents = {}
        for answer in answers:
            if answer.error is not None:
                raise KafkaException(answer.error)
            source = TopicPartition(answer.topic, answer.partition)
            start, end = self._consumer.get_watermark_offsets(answer, timeout=TIMEOUT_S)
            committed = None if answer.offset == OFFSET_INVALID else answer.offset
            extents[source] = Extent(committed, start, end)
        return extents

    def ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """How far the committed records of each partition reach. Raises KafkaException.

        A broker that leads a partition anew refuses to answer until it has caught up (KIP-207).
        """
        ends: dict[TopicPartition, int] = {}
        deadline = self._clock() + TIMEOUT_S
        while len(ends) < len(partitions):
            asked = [KafkaPartition(*source, OFFSET_END) for source in partitions if source not in ends]
            for answer in self._consumer.offsets_for_times(asked, timeout=TIMEOUT_S):
                if answer.error is None:
                    ends[TopicPartition(answer.topic, answer.partition)] = answer.offset
                elif not answer.error.retriable() or self._clock() > deadline:
                    raise KafkaException(answer.error)
            if len(ends) < len(partitions):
                time.sleep(PAUSE_S)
                self._consumer.list_topics(timeout=TIMEOUT_S)
        return ends

    def load(self, changelogs: Sequence[str], partitions: Sequence[int]) -> Rows:
        """Every row of these partitions of the changelogs, read to the end of each.

        The end is what Kafka says it is, not a last record, which compaction may have removed. It is asked
        for before, since a fetch may be answered by a broker that leads the partition anew and does not know
        yet how much is committed. Raises KafkaException, or TimeoutError where the end is never reached.
        """
        rows: Rows = {TopicPartition(topic, number): {} for topic in changelogs for number in partitions}
        ends, pending = self.ends(rows), set(rows)
        self._consumer.assign([KafkaPartition(*source, OFFSET_BEGINNING) for source in rows])
        heard_at = self._clock()
        while pending:
            messages = self._consumer.consume(POLL_RECORDS, timeout=POLL_S)
            if messages:
                heard_at = self._clock()
            elif self._clock() - heard_at > SILENCE_S:
                raise TimeoutError(f"nothing more comes of {sorted(pending)}, before their ends")
            for message, error in _keep(messages, rows):
                source = _stopped_at(message, error, ends)
                if source is not None:
                    pending.discard(source)
        self._consumer.unassign()
        return rows


def _keep(messages: Iterable[Message], rows: Rows) -> Iterator[tuple[Message, KafkaError]]:
    """The last record of a key is its row; a tombstone is none. Gives those that are no records."""
    for message in messages:
        error = message.error()
        if error is not None:
            yield message, error
            continue
        kept = rows[message.topic(), message.partition()]  # type: ignore[index]
        key, value = (message.key() or b"").decode(), message.value()
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value


def _stopped_at(
    message: Message, error: KafkaError, ends: Mapping[TopicPartition, int]
) -> TopicPartition | None:
    """The partition whose end was reached; None: not yet. Raises KafkaException for any other error."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if error.code() != KafkaError._PARTITION_EOF or topic is None or partition is None or offset is None:
        raise KafkaException(error)
    source = TopicPartition(topic, partition)
    return source if offset >= ends[source] else None
