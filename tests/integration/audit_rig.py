"""What the audit's tests share: a log of weeks, the services that count it, and ways to falsify rows."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg
from confluent_kafka import Message, Producer

from ops.audit.auditor import Servers, audit
from ops.audit.result import Finding, Result
from ops.audit.scope import Everything, Scope
from ops.audit.subjects import SUBJECTS, Subject
from schemas.topics import DEAD_LETTER, Namespace
from tests.integration.sink_rig import Sink, free_port
from tests.interactions import InteractionTopic, interactions
from tests.services import Service, ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import StreamsPipeline
from tests.topic import read_topic
from wire.clients import Cluster, producer_settings
from wire.codec import Decoder, Encoder
from wire.registry import Registry

DAY_MS: Final = 86_400_000
WEEKS: Final = 40
PATIENCE_S: Final = 90.0
Fields = dict[str, Any]
By: Final = {subject.name: subject for subject in SUBJECTS}


def history(seed: int, count: int, sessions: int) -> list[Fields]:
    """Interactions of 40 days as they arrived: nothing late, with what makes figures hard to agree on.

    Many at the same millisecond, ratings with and without a value, every key that feedback is made of.
    """
    random = Random(seed)
    days = [random.randrange(WEEKS) for _ in range(sessions)]
    events = []
    for number, event in enumerate(interactions(seed, count, sessions)):
        session = int(event["session_id"].split("-")[1])
        event["occurred_at"] -= days[session] * DAY_MS
        event["occurred_at"] -= event["occurred_at"] % random.choice([1, 1, 60_000])
        event["received_at"] = event["occurred_at"] + random.randrange(2_000)
        event["receipt"] = number
        if random.random() < 0.3:
            event["visitor_id"] = random.choice([None, "visitor-everywhere"])
        _vary(random, event)
        events.append(event)
    return sorted(events, key=lambda event: int(event["received_at"]))


def _vary(random: Random, event: Fields) -> None:
    kind, data = event["event_type"], json.loads(event["event_data"] or "{}")
    if kind == "SEARCH_PERFORMED":
        data["shown"] = [f"perfume-{number}" for number in random.sample(range(40), random.randrange(8))]
    elif kind == "SIMILAR_CLICKED":
        data["targetPerfumeId"] = random.choice([event["perfume_id"], f"perfume-{random.randrange(9)}"])
        data["recommendationId"] = random.choice(["", "r1", "r2"])
    elif kind.startswith("RECOMMENDATION_"):
        data["thumbs"] = random.choice([None, "up", "down"])
        data["algorithm"] = random.choice([None, "nearest", 'näher "dran"\n'])
        data["position"] = random.choice([None, 1, 2, 3])
    elif kind.startswith("RATING_"):
        event["value"] = random.choice([None, 1.0, 3.67, 4.35, 5.0])
    elif kind in ("PERFUME_VIEW", "VIEW_ENDED"):
        event["duration"] = random.choice([None, 0, random.randrange(90_000)])
    event["event_data"] = json.dumps(data) if data else None


@dataclass
class Audited:
    """A namespace and a database whose services have counted a log and are stopped now."""

    stack: Stack
    namespace: str
    database: str
    folder: Path
    _published: dict[str, dict[str, Message]] = field(default_factory=dict)

    @property
    def servers(self) -> Servers:
        return Servers(self.stack.bootstrap, self.stack.registry_url, self.database, self.namespace)

    def audit(self, scope: Scope | None = None, wait_s: float = 0) -> Result:
        return audit(self.servers, scope or Everything(), wait_s)

    def found(self, scope: Scope | None = None) -> list[Finding]:
        return list(self.audit(scope).findings)

    @contextmanager
    def services(self, worker_module: str = "stream_processors") -> Iterator[None]:
        """Stream worker and sink, for as long as the block lasts."""
        streams = StreamsPipeline(self.stack.bootstrap, self.stack.registry_url, self.namespace, self.folder)
        worker: Service = streams.worker("one", module=worker_module)
        sink = Sink(self.stack, self.namespace, self.database, self.folder / "sink.log", free_port())
        with ended_at_last(worker):
            worker.start()
            sink.start()
            try:
                sink.wait_ready()
                yield
            finally:
                sink.kill()

    def put(self, events: list[Fields], retries: int = 1) -> None:
        topic = InteractionTopic(self.stack.bootstrap, self.stack.registry_url, self.namespace)
        topic.put(events, retries)

    @contextmanager
    def changed(self, table: str, change: str, where: str, *values: Any) -> Iterator[None]:
        """A row of PostgreSQL falsified for as long as the block lasts: exactly one."""
        with psycopg.connect(self.database, autocommit=True) as database:
            kept = database.execute(f"SELECT * FROM {table} WHERE {where}".encode(), values).fetchall()
            assert len(kept) == 1, f"{len(kept)} rows of {table} with {where}: {values}"
            database.execute(f"{change} WHERE {where}".encode(), values)
            try:
                yield
            finally:
                self._restore(database, table, f"{where}", values)

    def _restore(self, database: Any, table: str, where: str, values: tuple[Any, ...]) -> None:
        database.execute(f"DELETE FROM {table} WHERE {where}".encode(), values)
        database.execute(f"INSERT INTO {table} SELECT * FROM original_{table} WHERE {where}".encode(), values)

    def keep_originals(self) -> None:
        """Copies of all tables, to put falsified rows right again."""
        with psycopg.connect(self.database, autocommit=True) as database:
            for table in ("interaction_events", *(subject.table for subject in SUBJECTS)):
                database.execute(f"CREATE TABLE original_{table} AS SELECT * FROM {table}".encode())

    def first(self, query: str) -> tuple[Any, ...]:
        """The first row that PostgreSQL answers."""
        with psycopg.connect(self.database) as database:
            row = database.execute(query.encode()).fetchone()
        assert row is not None, query
        return tuple(row)

    def dead_letters(self) -> list[Fields]:
        decoder = Decoder(str(DEAD_LETTER.value), Registry(self.stack.registry_url))
        name = Namespace(self.namespace).topic(DEAD_LETTER)
        return [decoder.decode(found.value()) for found in read_topic(self.stack.bootstrap, name)]

    def wait_for_letters(self, count: int, seconds: float) -> None:
        """Until the dead-letter topic has so many."""
        wait_until(
            lambda: len(self.dead_letters()) >= count,
            seconds,
            lambda: f"{len(self.dead_letters())} dead letters, {count} wanted",
        )

    def published(self, subject: Subject) -> dict[str, Fields]:
        """The last row of each key in the subject's topic, as the services left it."""
        decoder = Decoder(str(subject.topic.value), Registry(self.stack.registry_url))
        return {key: decoder.decode(record.value()) for key, record in self._records(subject).items()}

    def publish(self, subject: Subject, key: str, value: Mapping[str, Any] | bytes | None) -> None:
        """Write into a public topic, past the agents, into the partition that already has the key."""
        space = Namespace(self.namespace)
        registry = Registry(self.stack.registry_url)
        encoder = Encoder(str(subject.topic.value), registry.id_of(subject.topic, space))
        data = value if isinstance(value, bytes | None) else encoder.encode(dict(value))
        record = self._records(subject).get(key)
        partition = 0 if record is None else record.partition() or 0
        producer = Producer(producer_settings(Cluster(self.stack.bootstrap), "falsifier"))
        producer.produce(space.topic(subject.topic), key=key, value=data, partition=partition)
        assert producer.flush(60) == 0

    def _records(self, subject: Subject) -> dict[str, Message]:
        if subject.name not in self._published:
            name = Namespace(self.namespace).topic(subject.topic)
            records = read_topic(self.stack.bootstrap, name)
            self._published[subject.name] = {(record.key() or b"").decode(): record for record in records}
        return self._published[subject.name]


def now_ms() -> int:
    return time.time_ns() // 1_000_000
