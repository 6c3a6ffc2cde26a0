"""Keep a copy of all perfume figures from Kafka, and tell what trends right now.

Needs nothing of Sillage but the broker's and the registry's address: a stock Confluent consumer and its
AvroDeserializer. See README.md.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

Row = Mapping[str, Any]

HALF_LIFE_HOURS = 48
WINDOW_HOURS = 14 * 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Copy:
    """The newest row of each key of a compacted topic."""

    def __init__(self, topic: str, registry_url: str) -> None:
        self.topic = topic
        self.rows: dict[str, Row] = {}
        self._deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))

    def take(self, message: Message) -> None:
        """Fold one record in: in whatever order they come, the same rows stay."""
        key = (message.key() or b"").decode()
        row = self._deserialize(message.value(), SerializationContext(self.topic, MessageField.VALUE))
        if row is None:  # a tombstone: the row is gone
            self.rows.pop(key, None)
        elif key not in self.rows or version(row) >= version(self.rows[key]):
            self.rows[key] = row


def version(row: Row) -> tuple[int, int]:
    """Which of two rows of one key is newer: a rebuild raises the generation, an event the revision."""
    return row["generation"], row["revision"]


def trending_score(row: Row, moment: datetime) -> float:
    """The score at a moment: published rows carry it as of their newest event, to compare take one moment."""
    now = max(moment, row["as_of"]) - EPOCH
    hour = now // timedelta(hours=1)
    ages = ((hour - bucket["hour"], bucket["weight"]) for bucket in row["hours"])
    return math.fsum(
        weight * 0.5 ** (age / HALF_LIFE_HOURS) for age, weight in ages if 0 <= age < WINDOW_HOURS
    )


def views_in(row: Row, today: date, days: int) -> int:
    """Views on a UTC day and the days before it."""
    return sum(bucket["views"] for bucket in row["days"] if 0 <= (today - bucket["day"]).days < days)


def read_to_the_end(consumer: Consumer, copy: Copy) -> None:
    """Everything that was committed when this was called, and perhaps a little more."""
    partitions = consumer.list_topics(copy.topic, timeout=30).topics[copy.topic].partitions
    consumer.assign([TopicPartition(copy.topic, number, OFFSET_BEGINNING) for number in partitions])
    unread = set(partitions)
    while unread:
        for message in consumer.consume(1_000, timeout=1.0):
            error = message.error()
            if error is None:
                copy.take(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(message.partition())
            else:
                raise KafkaException(error)


def follow(consumer: Consumer, copy: Copy, seconds: float) -> None:
    """What comes within some seconds."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        message = consumer.poll(left)
        if message is not None and message.error() is None:
            copy.take(message)


def top(copy: Copy, count: int, moment: datetime) -> list[dict[str, Any]]:
    """The perfumes with the highest scores."""
    scored = [
        {
            "perfume_id": row["perfume_id"],
            "trending_score": trending_score(row, moment),
            "views_last_7_days": views_in(row, moment.date(), 7),
            "unique_viewers": row["unique_viewers"],
            "avg_rating": row["avg_rating"],
        }
        for row in copy.rows.values()
    ]
    return sorted(scored, key=lambda row: (-row["trending_score"], row["perfume_id"]))[:count]


def show(copy: Copy, count: int) -> None:
    """A line for each of the first few."""
    moment = datetime.now(UTC)
    print(f"\n{moment:%H:%M:%S} UTC, {len(copy.rows)} perfumes")
    for row in top(copy, count, moment):
        views = row["views_last_7_days"]
        print(f"{row['trending_score']:12.2f}  {views:8} views in 7 days  {row['perfume_id']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap", default="127.0.0.1:7103", help="Kafka, host:port")
    parser.add_argument("--registry", default="http://127.0.0.1:7104/apis/ccompat/v7", help="schema registry")
    parser.add_argument("--topic", default="perfume-stats")
    parser.add_argument("--top", type=int, default=10, help="how many perfumes to show")
    parser.add_argument("--once", action="store_true", help="read to the end, print JSON, and stop")
    told = parser.parse_args()

    copy = Copy(told.topic, told.registry)
    consumer = Consumer(
        {
            "bootstrap.servers": told.bootstrap,
            "group.id": "example-consumer",  # asked for by the client; partitions are taken without the group
            "enable.auto.commit": False,
            "isolation.level": "read_committed",  # never a row that a crash took back
            "enable.partition.eof": True,
        }
    )
    try:
        read_to_the_end(consumer, copy)
        if told.once:
            json.dump({"perfumes": len(copy.rows), "top": top(copy, told.top, datetime.now(UTC))}, sys.stdout)
            return
        while True:
            show(copy, told.top)
            follow(consumer, copy, seconds=5.0)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
