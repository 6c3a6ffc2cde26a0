"""Writing a flush: one Kafka transaction, through one producer per source partition.

The transactional id names the source partition, so whoever starts a producer for it next fences the one
before: Kafka ends the predecessor's open transaction and refuses its later ones.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced
from aiokafka.structs import OffsetAndMetadata
from aiokafka.structs import TopicPartition as KafkaPartition

from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.partition import Flush
from stream_processors.engine.table import KeyValue
from stream_processors.errors import Fenced
from wire.clients import Cluster

RELIED_UPON: Final = (
    ("aiokafka.producer.sender", "Sender.sender_task"),
    ("aiokafka.producer.transaction_manager", "TransactionManager.wait_for_transaction_end"),
)
ATTRIBUTES: Final = (
    ("aiokafka.producer.producer", "AIOKafkaProducer", "_sender"),
    ("aiokafka.producer.producer", "AIOKafkaProducer", "_txn_manager"),
)
"""Not public, and read to tell why a transaction failed: its caller is told that there is none."""

TRANSACTION_TIMEOUT_MS = 15_000
COMMIT_S = 2 * TRANSACTION_TIMEOUT_MS / 1000
"""What is not committed by then, Kafka has aborted; and the producer may wait for ever: seen where one of
three brokers was lost in the middle of a transaction."""
BATCH_BYTES = 512 * 1024
COMPRESSION: Final = "snappy"
"""A tenth of the CPU time of lz4, which aiokafka only knows at level 9, for a tenth more bytes."""
REQUEST_BYTES = 8 * 1024 * 1024


class PartitionWriter:
    """The transactional producer of one source partition."""

    def __init__(self, cluster: Cluster, group: str, source: TopicPartition) -> None:
        self._group = group
        self._source = KafkaPartition(*source)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=cluster.bootstrap,
            client_id=f"{group}-{source.partition}",
            transactional_id=f"{group}-{source.topic}-{source.partition}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            compression_type=COMPRESSION,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            retry_backoff_ms=20,
            **cluster.security.aiokafka(),
        )

    async def fence(self) -> None:
        """Take over the transactional id. When this returns, no predecessor can write any more.

        An aborted transaction that touches the group's offsets follows at once. Its marker settles what a
        predecessor's request may have left pending there when it was cut off: otherwise the committed offset
        can stay unreadable, "unstable", until this producer's next transaction, which waits for it.
        """
        await self._producer.start()
        await self._producer.begin_transaction()
        await self._producer.send_offsets_to_transaction(
            {self._source: OffsetAndMetadata(0, "")}, self._group
        )
        await self._producer.abort_transaction()

    async def commit(self, flush: Flush) -> None:
        """Write the flush. Raises Fenced where a successor took over, else KafkaError or TimeoutError.

        Then nothing landed, or (at an error in the very last step) all of it: the committed offset tells.
        """
        try:
            async with asyncio.timeout(COMMIT_S):
                await self._write(flush)
        except Exception as error:
            cause = self._cause_of(error)
            if isinstance(cause, ProducerFenced):
                raise Fenced(f"{self._source.topic}[{self._source.partition}]: {cause}") from error
            raise cause from error

    def _cause_of(self, error: Exception) -> BaseException:
        """What ended the producer's own task or its transaction; else the error itself.

        The caller of a producer whose task has died is told no more than that there is no transaction.
        """
        ended = (self._producer._sender.sender_task, self._producer._txn_manager.wait_for_transaction_end())
        for work in ended:
            if work is not None and work.done() and not work.cancelled():
                cause: BaseException | None = work.exception()
                if cause is not None:
                    return cause
        return error

    async def _write(self, flush: Flush) -> None:
        await self._producer.begin_transaction()
        written: list[asyncio.Future[object]] = []
        for (topic, partition), records in flush.records.items():
            written += await self._send(topic, partition, records)
        await asyncio.gather(*written)
        offsets: Mapping[KafkaPartition, OffsetAndMetadata] = {
            self._source: OffsetAndMetadata(flush.position, "")
        }
        await self._producer.send_offsets_to_transaction(offsets, self._group)
        await self._producer.commit_transaction()

    async def _send(
        self, topic: str, partition: int, records: list[KeyValue]
    ) -> list["asyncio.Future[object]"]:
        sent = []
        batch = self._producer.create_batch()
        for key, value in records:
            while batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
        sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        return sent

    async def close(self) -> None:
        """Let go of the connections; an open transaction is left to its timeout or the successor."""
        await self._producer.stop()
