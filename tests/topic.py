"""Reading a whole topic with a reader of its own: plain librdkafka, committed records only."""

from collections.abc import Iterator
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition


def read_topic(bootstrap: str, topic: str) -> Iterator[Message]:
    """Every committed record of the topic as it stands now, partition by partition in offset order."""
    found: dict[int, list[Message]] = {}
    for message in stream_topic(bootstrap, topic):
        found.setdefault(message.partition() or 0, []).append(message)
    for number in sorted(found):
        yield from found[number]


def last_values(bootstrap: str, topic: str) -> dict[str, bytes | None]:
    """The last value of each key, as a reader who begins now would have it."""
    return {(message.key() or b"").decode(): message.value() for message in stream_topic(bootstrap, topic)}


def stream_topic(bootstrap: str, topic: str) -> Iterator[Message]:
    """The same as they come: in offset order within a partition, partitions mixed. Raises KafkaException."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"reader-{uuid4()}",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        pending = set(partitions)
        while pending:
            for message in consumer.consume(5_000, timeout=0.1):
                if not _is_end(message, pending):
                    yield message
    finally:
        consumer.close()


def _is_end(message: Message, pending: set[int]) -> bool:
    error, partition = message.error(), message.partition()
    if error is None:
        return False
    if partition is None or error.code() != KafkaError._PARTITION_EOF:
        raise KafkaException(error)
    pending.discard(partition)
    return True
