"""A worker whose partition has a successor says so, whatever aiokafka's producer tells its caller."""

import asyncio

import pytest
from aiokafka.errors import KafkaError, ProducerFenced

from stream_processors.engine import transaction
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.partition import Flush
from stream_processors.engine.transaction import PartitionWriter
from stream_processors.errors import Fenced
from wire.clients import Cluster

SOURCE = TopicPartition("interactions", 3)


async def commit_after(end_of_sender: Exception) -> None:
    """A commit by a producer whose background task ended, without a broker: it gets no further."""
    writer = PartitionWriter(Cluster("127.0.0.1:1"), "group", SOURCE)
    producer = writer._producer
    producer._txn_manager.set_pid_and_epoch(1, 0)

    async def end() -> None:
        raise end_of_sender

    producer._txn_manager.begin_transaction()
    producer._sender._sender_task = asyncio.ensure_future(end())
    producer._sender._sender_task.add_done_callback(producer._sender._fail_all)
    await asyncio.wait([producer._sender._sender_task])
    try:
        await writer.commit(Flush(SOURCE, 7))
    finally:
        await writer.close()


def test_a_producer_that_a_successor_fenced_says_so() -> None:
    with pytest.raises(Fenced, match=r"interactions\[3\]"):
        asyncio.run(commit_after(ProducerFenced()))


def test_any_other_end_of_a_producer_is_told_as_it_was() -> None:
    with pytest.raises(KafkaError, match="broker is gone"):
        asyncio.run(commit_after(KafkaError("broker is gone")))


def test_a_producer_that_waits_for_an_answer_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "COMMIT_S", 0.01)

    async def commit_without_an_answer() -> None:
        writer = PartitionWriter(Cluster("127.0.0.1:1"), "group", SOURCE)
        try:
            await writer.commit(Flush(SOURCE, 7))
        finally:
            await writer.close()

    with pytest.raises(TimeoutError):
        asyncio.run(commit_without_an_answer())
