"""The consumer: records in order, from offsets we name, for as long as the partitions are ours.

Kafka hands out the partitions; where to read is the database's word. So an assignment is only noted
(`claimed`), and nothing is fetched until `read_from` names the offsets.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sinks.errors import LoudStop, Unavailable
from sinks.offsets import Bounds
from sinks.record import End, Partition, Record
from wire.clients import Cluster, consumer_settings

BOUNDS_TIMEOUT_S: Final = 10.0

log = structlog.get_logger()


def settings(
    cluster: Cluster, group: str, session_timeout_ms: int, instance_id: str | None
) -> dict[str, object]:
    """librdkafka settings. With an `instance_id` a restarted process gets its partitions back at once."""
    own: dict[str, object] = {
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "partition.assignment.strategy": "range",
        "session.timeout.ms": session_timeout_ms,
        "heartbeat.interval.ms": session_timeout_ms // 4,
        "queued.min.messages": 20_000,
        "fetch.queue.backoff.ms": 50,
    }
    if instance_id:
        own["group.instance.id"] = instance_id
    return consumer_settings(cluster, "sillage-sink", group) | own


class Source:
    """A member of the sink's group."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._claimed: list[Partition] | None = None
        self._reading = False

    def subscribe(self, topics: Sequence[str], on_change: Callable[[], None]) -> None:
        """Join the group. `on_change` is called within `poll` whenever partitions came or went."""

        def assigned(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            consumer.assign([])
            self._claimed = [Partition(p.topic, p.partition) for p in partitions]
            self._reading = False
            on_change()

        def gone(_consumer: Consumer, _partitions: list[TopicPartition]) -> None:
            self._claimed = None
            self._reading = False
            on_change()

        self._consumer.subscribe(list(topics), on_assign=assigned, on_revoke=gone, on_lost=gone)

    @property
    def claimed(self) -> list[Partition] | None:
        """The partitions Kafka gave us; None outside the group."""
        return self._claimed

    @property
    def waiting(self) -> bool:
        """Whether partitions are ours that nobody has named offsets for."""
        return self._claimed is not None and not self._reading

    def bounds(self, source: Partition) -> Bounds:
        """What Kafka has of a partition now. Raises Unavailable."""
        try:
            low, high = self._consumer.get_watermark_offsets(
                TopicPartition(source.topic, source.number), timeout=BOUNDS_TIMEOUT_S
            )
        except KafkaException as error:
            raise Unavailable(f"Kafka does not tell the offsets of {source.topic}: {error}") from error
        return Bounds(low, high)

    def known_end(self, source: Partition) -> int:
        """The end as of the last fetch, without asking; below zero where nothing was fetched yet."""
        _low, high = self._consumer.get_watermark_offsets(
            TopicPartition(source.topic, source.number), cached=True
        )
        return int(high)

    def read_from(self, starts: Mapping[Partition, int]) -> None:
        """Fetch these partitions from these offsets on."""
        self._consumer.assign([TopicPartition(*source, offset) for source, offset in starts.items()])
        self._reading = True

    def withdraw(self) -> None:
        """Fetch nothing until the next `read_from`, but stay in the group; `poll` keeps it alive."""
        self._consumer.assign([])
        self._reading = False

    def poll(self, most: int, timeout_s: float) -> list[Record | End]:
        """Up to `most` records and ends, waiting `timeout_s` at most.

        Raises Unavailable, and LoudStop where the offset to read next is gone or our instance id is in use.
        """
        arrived: list[Record | End] = []
        for message in self._consumer.consume(most, timeout_s):
            if error := message.error():
                if error.code() == KafkaError._PARTITION_EOF:
                    arrived.append(End(_source(message), message.offset() or 0))
                else:
                    _raise(error, message)
            else:
                arrived.append(
                    Record(_source(message), message.offset() or 0, message.key(), message.value())
                )
        return arrived

    def report(self, positions: Mapping[Partition, int]) -> None:
        """Tell Kafka how far we are, for tools that show lag. Nothing is read from it."""
        offsets = [TopicPartition(*source, offset) for source, offset in positions.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            log.info("offsets_not_reported", error=str(error))

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()


def _source(message: Message) -> Partition:
    return Partition(message.topic() or "", message.partition() or 0)


def _raise(error: KafkaError, message: Message) -> None:
    where = f"{message.topic()} [{message.partition()}]"
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        raise LoudStop(
            f"{where}: offset {message.offset()} is gone from Kafka while the sink read: {error.str()}."
            " Start the sink again: it compares PostgreSQL's offsets with Kafka's and says what to do."
        )
    if error.code() == KafkaError.FENCED_INSTANCE_ID:
        raise LoudStop(
            "another sink runs with the same SILLAGE_INSTANCE_ID and has taken over:"
            " give each process an id of its own"
        )
    raise Unavailable(f"Kafka: {where}: {error.str()}")
