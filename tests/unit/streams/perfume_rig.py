"""The perfume agent over several owned partitions, speaking real Avro; plain lists where Kafka would be."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zlib import crc32

from schemas import avro_schemas
from schemas.storable import InvalidRecord
from schemas.topics import AFFINITIES, PERFUME_STATS, RECOMMENDATION_FEEDBACK, Namespace
from stream_processors.engine.batch import Batch, TopicPartition
from stream_processors.engine.partition import FailureWatch, Flush, OwnedPartition, Start
from stream_processors.engine.table import Table
from stream_processors.perfumes.activity import activities
from stream_processors.perfumes.agent import Encoders, PerfumeAgent
from tests.unit.streams.engine_fakes import FakeRecord, encode
from wire.codec import Decoder, Encoder

PARTITIONS = 3
PUBLIC = (PERFUME_STATS, AFFINITIES, RECOMMENDATION_FEEDBACK)
SCHEMAS = dict(
    enumerate(("perfume_activity", "perfume_stats", "affinity", "recommendation_feedback"), start=1)
)


class Shelf:
    """Where decoders look schemas up."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        return avro_schemas.schema(SCHEMAS[schema_id])


ENCODE = {name: Encoder(name, schema_id).encode for schema_id, name in SCHEMAS.items()}
DECODE = {name: Decoder(name, Shelf()).decode for name in SCHEMAS.values()}


def home_partition(perfume_id: str) -> int:
    return crc32(perfume_id.encode()) % PARTITIONS


def check_home(perfume_id: str, partition: int) -> None:
    if home_partition(perfume_id) != partition:
        raise InvalidRecord(perfume_id)


def forwarded(log: Iterable[Mapping[str, Any]]) -> list[tuple[str, bytes]]:
    """What the session agent forwards: the activities of each human event, the first time it comes."""
    seen: set[tuple[str, str]] = set()
    records = []
    for event in log:
        identity = (event["session_id"], event["event_id"])
        if not event["is_bot"] and identity not in seen:
            seen.add(identity)
            records += [
                (perfume, ENCODE["perfume_activity"](activity)) for perfume, activity in activities(event)
            ]
    return records


def perfume_partition(
    number: int,
    committed: tuple[dict[str, bytes], ...] | None = None,
    position: int = 0,
    now_ms: Callable[[], int] = lambda: 0,
) -> OwnedPartition:
    """A partition as a takeover would set it up, with these rows in its three tables."""
    encoders = Encoders(ENCODE["perfume_stats"], ENCODE["affinity"], ENCODE["recommendation_feedback"])
    agent = PerfumeAgent(DECODE["perfume_activity"], encoders, check_home, now_ms)
    tables = [Table(spec, rows) for spec, rows in zip(agent.tables, committed or ({}, {}, {}), strict=True)]
    source = TopicPartition("t.perfume-activity", number)
    return OwnedPartition(
        agent, source, Start(position), tables, Namespace("t.").topic, encode, FailureWatch()
    )


Published = dict[str, dict[str, Mapping[str, Any]]]


class Worker:
    """All partitions of one agent; collects what its flushes publish, by topic and key."""

    def __init__(self) -> None:
        self.partitions = [perfume_partition(number) for number in range(PARTITIONS)]
        self.published: Published = defaultdict(dict)

    def read(self, perfume_id: str, value: bytes) -> None:
        """One record of the source."""
        partition = self.partitions[home_partition(perfume_id)]
        at = partition.position
        record = FakeRecord(at, value, key=perfume_id.encode())
        partition.apply(Batch(partition.source, at, at + 1, [record]), [record], at + 1)

    def flush(self) -> None:
        """One committed transaction of each partition."""
        for partition in self.partitions:
            self._collect(partition.number, partition.take_flush())
            partition.landed()
            for table in partition.tables:
                table.rotate()

    def take_over(self) -> None:
        """Another worker takes all partitions: of the rows their committed bytes are left."""
        for number, old in enumerate(self.partitions):
            committed = tuple(dict(table.committed) for table in old.tables)
            self.partitions[number] = perfume_partition(number, committed, old.position)

    def _collect(self, number: int, flush: Flush) -> None:
        for topic in PUBLIC:
            assert topic.value is not None
            for key, value in flush.records.get((f"t.{topic.name}", number), []):
                assert key is not None
                self.published[topic.name][key.decode()] = DECODE[topic.value](value)
        assert ("t.dead-letter", number) not in flush.records
