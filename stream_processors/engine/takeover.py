"""What a partition's new owner reads before the first record: the committed offset, then the rows.

Only after the predecessor is fenced, in this order; otherwise a transaction of its could still land between.
Read with librdkafka: it waits for offsets of open transactions (require_stable, KIP-447), which aiokafka
does not, and loads a changelog several times faster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from stream_processors.engine.batch import TopicPartition
from stream_processors.errors import LoudStop
from wire.clients import Cluster, consumer_settings

TIMEOUT_S = 30.0
POLL_RECORDS = 10_000
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Extent:
    """What of a source partition Kafka still has, and how far the group had come (None: never)."""

    committed: int | None
    start: int
    end: int

    def position(self, source: TopicPartition) -> int:
        """Where to go on reading. Raises LoudStop where records were lost in between."""
        if self.committed is None:
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

    def load(self, changelog: str, partitions: Sequence[int]) -> Mapping[int, dict[str, bytes]]:
        """Every row of the changelog's partitions, read to the end of each. Raises KafkaException.

        The end is what Kafka says it is, not a last record, which compaction may have removed.
        """
        rows: dict[int, dict[str, bytes]] = {partition: {} for partition in partitions}
        pending = set(partitions)
        self._consumer.assign(
            [KafkaPartition(changelog, partition, OFFSET_BEGINNING) for partition in partitions]
        )
        while pending:
            for message in self._consumer.consume(POLL_RECORDS, timeout=POLL_S):
                _take(message, rows, pending)
        self._consumer.unassign()
        return rows


def _take(message: Message, rows: dict[int, dict[str, bytes]], pending: set[int]) -> None:
    error, partition = message.error(), message.partition()
    if partition is None or (error is not None and error.code() != KafkaError._PARTITION_EOF):
        raise KafkaException(error)
    if error is not None:
        pending.discard(partition)
        return
    key = (message.key() or b"").decode()
    value = message.value()
    if value is None:
        rows[partition].pop(key, None)
    else:
        rows[partition][key] = value
