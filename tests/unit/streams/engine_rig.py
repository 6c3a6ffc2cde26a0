"""An engine with the real session agent, and plain values where Kafka's clients would be."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from schemas.avro_encoders import ENCODERS
from schemas.topics import Namespace
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.engine import Engine
from stream_processors.engine.metrics import EngineMetrics, Instruments
from stream_processors.engine.partition import Flush, FlushPolicy
from stream_processors.engine.restore import Extent, Rows
from stream_processors.engine.session import Session
from stream_processors.engine.takeover import Takeover
from stream_processors.sessions.agent import SessionAgent
from tests.unit.streams.engine_fakes import SOURCE, decode, encode


@dataclass
class Clock:
    """Seconds, as set."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeWriter:
    """Keeps what was written; `before_commit` is waited for by each commit."""

    flushes: list[Flush] = field(default_factory=list)
    closed: bool = False
    before_commit: asyncio.Event | None = None

    async def fence(self) -> None: ...

    async def commit(self, flush: Flush) -> None:
        if self.before_commit is not None:
            await self.before_commit.wait()
        self.flushes.append(flush)

    async def close(self) -> None:
        self.closed = True


@dataclass
class FakeKafka:
    """What is committed, and what changelogs hold."""

    rows: dict[str, bytes] = field(default_factory=dict)
    committed: int | None = None
    writers: list[FakeWriter] = field(default_factory=list)

    def writer(self, _source: TopicPartition) -> FakeWriter:
        self.writers.append(FakeWriter())
        return self.writers[-1]

    async def read_back(
        self, sources: Sequence[TopicPartition], changelogs: Sequence[str]
    ) -> tuple[Mapping[TopicPartition, Extent], Rows]:
        extents = {source: Extent(self.committed, 0, 10**9) for source in sources}
        return extents, {
            TopicPartition(changelog, source.partition): dict(self.rows)
            for source in sources
            for changelog in changelogs
        }


class Rig:
    """An engine with one partition to take."""

    def __init__(self, wall_ms: int = 0) -> None:
        self.kafka = FakeKafka()
        self.clock = Clock()
        self.wall_ms = wall_ms
        self.session = Session(10.0, self.clock)
        self.agent = SessionAgent(decode, ENCODERS["session"], lambda _id, _number: None, lambda _event: ())
        metrics = EngineMetrics(Instruments(CollectorRegistry()), self.agent.application)
        takeover = Takeover(self.agent, Namespace("t."), self.kafka, encode, self.session)
        policy = FlushPolicy(records=100)
        self.engine = Engine(
            self.agent,
            SOURCE.topic,
            takeover,
            self.session,
            metrics,
            policy,
            self.clock,
            lambda: self.wall_ms,
        )

    def heartbeat(self) -> None:
        """Kafka took one just now."""
        self.session.renewed(self.clock())
