"""A session changelog of any length, as an earlier worker would have left it."""

from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.streams.load import UNIFORM, interactions
from schemas.topics import INTERACTIONS, SESSION_CHANGELOG, Namespace
from stream_processors.sessions.event import SessionEvent
from stream_processors.sessions.reducer import apply
from stream_processors.sessions.row import SessionRow, pack
from wire.clients import Cluster, consumer_settings, producer_settings
from wire.partitions import home_partition

DIFFERENT: Final = 20_000
EVENTS_A_ROW: Final = 5
WAIT_S: Final = 120.0


def packed_rows(now_ms: int) -> Sequence[bytes]:
    """Rows of five events each; many different ones, so that they compress no better than real ones."""
    rows = [SessionRow() for _ in range(DIFFERENT)]
    for at, interaction in enumerate(interactions(UNIFORM, DIFFERENT * EVENTS_A_ROW, now_ms)):
        apply(rows[at % DIFFERENT], SessionEvent(interaction))
    return [pack(row) for row in rows]


def fill(cluster: Cluster, space: Namespace, count: int, now_ms: int) -> int:
    """Write `count` rows, each under a key of its own, where its partition is; returns their bytes."""
    producer = Producer(
        producer_settings(cluster, "bench-rows")
        | {"queue.buffering.max.messages": count + 1, "queue.buffering.max.kbytes": 2_000_000}
    )
    topic, rows, size = space.topic(SESSION_CHANGELOG), packed_rows(now_ms), 0
    for number in range(count):
        session_id, row = f"0197a1c0-0000-7000-9000-{number:012d}", rows[number % DIFFERENT]
        size += len(row)
        producer.produce(topic, key=session_id, value=row, partition=home_partition(INTERACTIONS, session_id))
    left = producer.flush(WAIT_S)
    if left:
        raise TimeoutError(f"{left} of {count} rows did not reach Kafka in {WAIT_S:.0f} s")
    return size


def commit_the_beginning(cluster: Cluster, space: Namespace) -> None:
    """Give the group the offset that goes with the rows: rows without one stop a worker loudly."""
    partitions = [
        TopicPartition(space.topic(INTERACTIONS), number, 0) for number in range(INTERACTIONS.partitions)
    ]
    consumer = Consumer(consumer_settings(cluster, "bench-rows", space.group("session-agent")))
    consumer.commit(offsets=partitions, asynchronous=False)
    consumer.close()
