"""How a source partition becomes this worker's: fence the predecessor, read its offset, load its rows.

In this order, and in no other: until the predecessor is fenced, a transaction of its could land in between.
"""

import asyncio
import gc
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol

from schemas.topics import Namespace
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.job import Job
from stream_processors.engine.partition import WATERMARK_KEY, FailureWatch, Flush, OwnedPartition, Start
from stream_processors.engine.restore import Extent, Reader, Rows
from stream_processors.engine.session import Session
from stream_processors.engine.table import Table
from stream_processors.engine.transaction import PartitionWriter
from stream_processors.errors import Expelled
from wire.clients import Cluster
from wire.codec import Encode

FENCE_S: Final = 60.0
LOOK_S: Final = 0.05


class Writer(Protocol):
    """What writes a partition's flushes (transaction.PartitionWriter)."""

    async def fence(self) -> None: ...

    async def commit(self, flush: Flush) -> None: ...

    async def close(self) -> None: ...


class Clients(Protocol):
    """What a takeover asks of Kafka."""

    def writer(self, source: TopicPartition) -> Writer:
        """The partition's writer, not started yet."""
        ...

    async def read_back(
        self, sources: Sequence[TopicPartition], changelogs: Sequence[str]
    ) -> tuple[Mapping[TopicPartition, Extent], Rows]:
        """What is committed of the sources, and the rows of their partitions. Raises KafkaException."""
        ...


class Kafka:
    """One agent's clients (Clients)."""

    def __init__(self, cluster: Cluster, group: str) -> None:
        self.group = group
        self._cluster = cluster
        # Apart from the threads that live reads wait in: they must not keep a takeover waiting.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"{group}-takeover")

    def writer(self, source: TopicPartition) -> Writer:
        return PartitionWriter(self._cluster, self.group, source)

    async def read_back(
        self, sources: Sequence[TopicPartition], changelogs: Sequence[str]
    ) -> tuple[Mapping[TopicPartition, Extent], Rows]:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._read_back, sources, changelogs
        )

    def _read_back(
        self, sources: Sequence[TopicPartition], changelogs: Sequence[str]
    ) -> tuple[Mapping[TopicPartition, Extent], Rows]:
        with Reader(self._cluster, self.group) as reader:
            return reader.extents(sources), reader.load(changelogs, [source.partition for source in sources])


class Taken(NamedTuple):
    """A partition with its rows, and the only writer that Kafka lets write it."""

    state: OwnedPartition
    writer: Writer


class Takeover:
    """Takes partitions over for one agent. `namespace`: of everything that is written."""

    def __init__(
        self,
        job: Job,
        namespace: Namespace,
        kafka: Clients,
        dead_letter: Encode,
        session: Session,
    ) -> None:
        self._job = job
        self._name = namespace.topic
        self._kafka = kafka
        self._dead_letter = dead_letter
        self._session = session
        self._watch = FailureWatch()

    async def of(self, sources: Sequence[TopicPartition]) -> Mapping[TopicPartition, Taken]:
        """Take these over. Raises Expelled, LoudStop, TimeoutError, KafkaError or KafkaException."""
        await self.confirm()
        writers = {source: self._kafka.writer(source) for source in sources}
        async with asyncio.timeout(FENCE_S):
            await asyncio.gather(*(writer.fence() for writer in writers.values()))
        with _collector_paused():
            extents, rows = await self._kafka.read_back(
                sources, [self._name(spec.changelog) for spec in self._job.tables]
            )
            taken = {}
            for source in sources:
                taken[source] = Taken(self._loaded(source, extents[source], rows), writers[source])
                await asyncio.sleep(0)  # many rows take a while; others have work to do
        await self.confirm()
        return taken

    async def confirm(self) -> None:
        """Wait for a heartbeat that Kafka takes, if the last one is too long ago. Raises Expelled.

        Frozen or cut off meanwhile, this worker may have a successor, which it must not fence.
        """
        waiting_since = self._session.clock()
        while self._session.lapsed:
            if self._session.clock() - waiting_since > self._session.timeout:
                raise Expelled("the session ended before the partitions were taken over")
            await asyncio.sleep(LOOK_S)

    def _loaded(self, source: TopicPartition, extent: Extent, rows: Rows) -> OwnedPartition:
        specs = self._job.tables
        loaded = [rows[TopicPartition(self._name(spec.changelog), source.partition)] for spec in specs]
        had_rows = any(loaded)
        watermark = loaded[0].pop(WATERMARK_KEY, b"0")
        tables = [Table(spec, kept) for spec, kept in zip(specs, loaded, strict=True)]
        start = Start(extent.position(source, had_rows), int(watermark))
        return OwnedPartition(self._job, source, start, tables, self._name, self._dead_letter, self._watch)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: it would walk all rows again and again, and they are none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()  # what is loaded stays; later collections need not walk it
