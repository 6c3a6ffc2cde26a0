"""What a partition's new owner reads before the first record: the committed offset, then the rows.

Only after the predecessor is fenced, in this order; otherwise a transaction of its could still land between.
Read with librdkafka: it waits for offsets of open transactions (require_stable, KIP-447), which aiokafka
does not, and loads a changelog several times faster.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from stream_processors.engine.batch import TopicPartition
from stream_processors.errors import LoudStop
from wire.clients import Cluster, consumer_settings

TIMEOUT_S = 30.0
POLL_RECORDS = 10_000
POLL_S = 0.05

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

    def __init__(self, cluster: Cluster, group: str) -> None:
        settings = consumer_settings(cluster, f"{group}-takeover", group)
        self._consumer = Consumer({**settings, "enable.partition.eof": True, "fetch.wait.max.ms": 50})
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

    def load(self, changelogs: Sequence[str], partitions: Sequence[int]) -> Rows:
        """Every row of these partitions of the changelogs, read to the end of each. Raises KafkaException.

        The end is what Kafka says it is, not a last record, which compaction may have removed.
        """
        rows: Rows = {TopicPartition(topic, number): {} for topic in changelogs for number in partitions}
        pending = set(rows)
        self._consumer.assign([KafkaPartition(*source, OFFSET_BEGINNING) for source in rows])
        while pending:
            for message in self._consumer.consume(POLL_RECORDS, timeout=POLL_S):
                error = message.error()
                if error is not None:
                    pending.discard(_ended(message, error))
                    continue
                key, value = message.key() or b"", message.value()
                kept = rows[message.topic(), message.partition()]  # type: ignore[index]
                if value is None:
                    kept.pop(key.decode(), None)
                else:
                    kept[key.decode()] = value
        self._consumer.unassign()
        return rows


def _ended(message: Message, error: KafkaError) -> TopicPartition:
    """The partition whose end was reached. Raises KafkaException for any other error."""
    topic, partition = message.topic(), message.partition()
    if error.code() != KafkaError._PARTITION_EOF or topic is None or partition is None:
        raise KafkaException(error)
    return TopicPartition(topic, partition)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: it would walk all rows again and again, and they are none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()  # what is loaded stays; later collections need not walk it
