"""Reading a whole topic with a reader of its own: plain librdkafka, committed records only."""

from collections.abc import Iterator
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition


def read_topic(bootstrap: str, topic: str) -> Iterator[Message]:
    """Every committed record of the topic as it stands now, partition by partition in offset order."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"reader-{uuid4()}",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    found: dict[int, list[Message]] = {}
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        pending = set(partitions)
        while pending:
            for message in consumer.consume(5_000, timeout=0.1):
                _take(message, found, pending)
    finally:
        consumer.close()
    for number in sorted(found):
        yield from found[number]


def _take(message: Message, found: dict[int, list[Message]], pending: set[int]) -> None:
    error, partition = message.error(), message.partition()
    if partition is None or (error is not None and error.code() != KafkaError._PARTITION_EOF):
        raise KafkaException(error)
    if error is not None:
        pending.discard(partition)
    else:
        found.setdefault(partition, []).append(message)
