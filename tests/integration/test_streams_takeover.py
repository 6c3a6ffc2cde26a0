"""Taking a partition over: fencing the predecessor, and loading a changelog to its end, whatever its last
records are. Real Kafka: it decides what an end is, and whom it refuses.
"""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from signal import Signals

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import INTERACTIONS, SESSION_CHANGELOG, Namespace
from stream_processors.engine.batch import TopicPartition as Source
from stream_processors.engine.partition import Flush
from stream_processors.engine.restore import Reader
from stream_processors.engine.transaction import PartitionWriter
from stream_processors.errors import Fenced
from tests.services import ended_at_last, wait_until
from tests.slow_takeover import BEGUN
from tests.stack import Stack
from tests.streams_pipeline import StreamsPipeline
from wire.clients import Cluster

pytestmark = pytest.mark.integration

PATIENCE_S = 240.0
UNTOUCHED, EMPTIED, TOMBSTONED, ABORTED, CUT, PLAIN = range(6)
Records = list[tuple[str, bytes | None]]


def write(stack: Stack, topic: str, records: Mapping[int, Records], commit: bool = True) -> None:
    """One transaction."""
    producer = Producer({"bootstrap.servers": stack.bootstrap, "transactional.id": f"test-{topic}"})
    producer.init_transactions(60)
    producer.begin_transaction()
    for partition, entries in records.items():
        for key, value in entries:
            producer.produce(topic, key=key, value=value, partition=partition)
    producer.flush(60)
    if commit:
        producer.commit_transaction(60)
    else:
        producer.abort_transaction(60)


def delete_before(stack: Stack, topic: str, offsets: Mapping[int, int]) -> None:
    """Remove the records before these offsets (-1: all)."""
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    asked = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    for deleted in admin.delete_records(asked).values():
        deleted.result(timeout=60)


@pytest.mark.timeout(300)
def test_loading_ends_on_partitions_that_are_quiet_emptied_tombstoned_or_end_in_an_aborted_transaction(
    stack: Stack, namespace: str
) -> None:
    topic = Namespace(namespace).topic(SESSION_CHANGELOG)
    rows: Records = [("a", b"1"), ("b", b"2"), ("a", b"3")]
    write(stack, topic, dict.fromkeys((EMPTIED, ABORTED, CUT, PLAIN), rows))
    write(stack, topic, {TOMBSTONED: [*rows, ("b", None), ("a", None), ("never", None)]})
    write(stack, topic, {ABORTED: [("a", b"wrong"), ("c", b"wrong")]}, commit=False)
    delete_before(stack, topic, {EMPTIED: -1, CUT: 1})
    with Reader(Cluster(stack.bootstrap), "nobody") as reader:
        loaded = reader.load([topic], range(6))
    assert loaded == {
        Source(topic, UNTOUCHED): {},
        Source(topic, EMPTIED): {},
        Source(topic, TOMBSTONED): {},
        Source(topic, ABORTED): {"a": b"3", "b": b"2"},
        Source(topic, CUT): {"a": b"3", "b": b"2"},
        Source(topic, PLAIN): {"a": b"3", "b": b"2"},
    }


def test_a_writer_whose_partition_has_a_successor_is_refused_and_knows_why(
    stack: Stack, namespace: str
) -> None:
    source = Source(Namespace(namespace).topic(INTERACTIONS), 0)

    async def both_write() -> None:
        cluster, flush = Cluster(stack.bootstrap), Flush(source, 0)
        first, second = (PartitionWriter(cluster, f"{namespace}group", source) for _ in range(2))
        try:
            await first.fence()
            await first.commit(flush)
            await second.fence()
            with pytest.raises(Fenced):
                await first.commit(flush)
            with pytest.raises(Fenced):
                await first.commit(flush)
            await second.commit(flush)
        finally:
            await first.close()
            await second.close()

    asyncio.run(both_write())


@pytest.mark.timeout(600)
def test_a_worker_that_is_told_to_stop_in_the_middle_of_a_takeover_ends(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    pipeline = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, tmp_path)
    worker = pipeline.worker("slow", module="tests.slow_takeover")
    with closing(pipeline), ended_at_last(worker):
        worker.launch()
        wait_until(lambda: worker.log.exists() and BEGUN in worker.tail(), PATIENCE_S, worker.tail)
        worker.signal(Signals.SIGTERM)
        assert worker.wait(PATIENCE_S) == 0, worker.tail()
