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
    try:
        metadata = consumer.list_topics(topic, timeout=10).topics[topic]
        for partition in sorted(metadata.partitions):
            consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
            yield from _to_end(consumer)
    finally:
        consumer.close()


def _to_end(consumer: Consumer) -> Iterator[Message]:
    while True:
        for message in consumer.consume(5_000, timeout=0.1):
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            else:
                raise KafkaException(error)
