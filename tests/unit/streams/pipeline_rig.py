"""Both agents as a worker wires them, over all partitions of their topics, on plain lists for Kafka."""

from collections import defaultdict
from collections.abc import Mapping
from random import Random
from typing import Any, cast

from schemas import avro_schemas
from schemas.topics import DEAD_LETTER, INTERACTIONS, PERFUME_ACTIVITY, TOPICS, Namespace, Topic
from stream_processors.agents import encoder, perfume_agent, session_agent
from stream_processors.engine.batch import Batch, TopicPartition
from stream_processors.engine.job import Job
from stream_processors.engine.partition import FailureWatch, OwnedPartition, Start
from stream_processors.engine.table import Table
from tests.unit.streams.engine_fakes import FakeRecord
from wire.codec import Decoder
from wire.partitions import home_partition
from wire.registry import Registry

SPACE = Namespace("t.")
BY_NAME = {SPACE.topic(topic): topic for topic in TOPICS}
LONGEST_BATCH = 7


class Shelf:
    """A registry that knows our schemas: each topic's id is its place in the list of topics."""

    def id_of(self, topic: Topic, _namespace: Namespace) -> int:
        return TOPICS.index(topic)

    def schema(self, schema_id: int) -> dict[str, Any]:
        return avro_schemas.schema(TOPICS[schema_id].value or "")


REGISTRY = cast(Registry, Shelf())
ENCODE_INTERACTION = encoder(INTERACTIONS, REGISTRY, SPACE)
DECODE = {topic: Decoder(topic.value, REGISTRY).decode for topic in TOPICS if topic.value is not None}


class Pipeline:
    """Logs by topic and partition, and one worker that reads and writes them."""

    def __init__(self, random: Random) -> None:
        """`random` decides what is read, written and taken over next."""
        self._random = random
        self.logs: dict[tuple[str, int], list[FakeRecord]] = defaultdict(list)
        self._owned = [
            _owned(job, number, [{} for _ in job.tables], 0)
            for job in (session_agent(REGISTRY, SPACE), perfume_agent(REGISTRY, SPACE, lambda: 0))
            for number in range(job.source.partitions)
        ]
        self._committed = [0] * len(self._owned)

    def send(self, interaction: Mapping[str, Any]) -> None:
        """Append an event to its session's partition, as the gateway would."""
        session_id = interaction["session_id"]
        number = home_partition(INTERACTIONS, session_id)
        value = ENCODE_INTERACTION(dict(interaction))
        self._append(SPACE.topic(INTERACTIONS), number, session_id.encode(), value)

    def run(self) -> None:
        """Read every log to its end, in random turns, batches, transactions and takeovers."""
        while unread := [at for at, owned in enumerate(self._owned) if self._unread(owned) or owned.dirty]:
            at = self._random.choice(unread)
            self._random.choice((self._read, self._read, self._commit, self._take_over))(at)

    def published(self, topic: Topic) -> dict[str, dict[str, Any]]:
        """The last row of each key."""
        rows: dict[str, dict[str, Any]] = {}
        for number in range(topic.partitions):
            for record in self.logs[SPACE.topic(topic), number]:
                rows[(record.key or b"").decode()] = DECODE[topic](record.value)
        return rows

    def dead_letters(self) -> list[dict[str, Any]]:
        return [
            DECODE[DEAD_LETTER](record.value)
            for (topic, _), log in self.logs.items()
            for record in log
            if BY_NAME[topic] is DEAD_LETTER
        ]

    def activities(self) -> int:
        """How many activity records there are."""
        return sum(len(log) for (topic, _), log in self.logs.items() if BY_NAME[topic] is PERFUME_ACTIVITY)

    def _append(self, topic: str, number: int, key: bytes | None, value: bytes | None) -> None:
        log = self.logs[topic, number]
        # Appended long ago, as far as Kafka knows: however old an event is, it is not late.
        log.append(FakeRecord(len(log), value, key, timestamp=0))

    def _unread(self, owned: OwnedPartition) -> list[FakeRecord]:
        return self.logs[owned.source.topic, owned.source.partition][owned.position :]

    def _read(self, at: int) -> None:
        owned = self._owned[at]
        records = self._unread(owned)[: self._random.randint(1, LONGEST_BATCH)]
        # A batch may reach back before the position: what was read already must not count again.
        start = max(0, owned.position - self._random.randint(0, 2))
        again = self.logs[owned.source.topic, owned.source.partition][start : owned.position]
        end = owned.position + len(records)
        owned.apply(Batch(owned.source, start, end, again + records), again + records, end)

    def _commit(self, at: int) -> None:
        owned = self._owned[at]
        flush = owned.take_flush()
        self._committed[at] = flush.position
        for (topic, number), records in flush.records.items():
            for key, value in records:
                self._append(topic, number, key, value)
        owned.landed()
        for table in owned.tables:
            table.rotate()

    def _take_over(self, at: int) -> None:
        """Another worker: what was not committed is gone, what was is read back from the changelogs."""
        old = self._owned[at]
        committed = [dict(table.committed) for table in old.tables]
        self._owned[at] = _owned(old.job, old.number, committed, self._committed[at])


def _owned(job: Job, number: int, rows: list[dict[str, bytes]], position: int) -> OwnedPartition:
    tables = [Table(spec, kept) for spec, kept in zip(job.tables, rows, strict=True)]
    source = TopicPartition(SPACE.topic(job.source), number)
    dead_letter = encoder(DEAD_LETTER, REGISTRY, SPACE)
    return OwnedPartition(job, source, Start(position), tables, SPACE.topic, dead_letter, FailureWatch())
