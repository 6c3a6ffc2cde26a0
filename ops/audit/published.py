"""What streaming published: the last row of each key, from the beginning of a topic to its end."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final
from uuid import uuid4

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from ops.audit.errors import CannotAudit
from ops.audit.reading import AvroReader
from ops.audit.result import Finding
from ops.audit.subjects import Place, Subject
from ops.audit.workspace import Row, Workspace
from schemas.topics import Namespace, Topic
from wire.clients import Cluster, consumer_settings
from wire.codec import SchemaSource
from wire.errors import Undecodable

BATCH: Final = 10_000
SILENCE_S: Final = 30.0
"""Kafka is given up when it says nothing for so long."""


class TopicReader:
    """Reads topics on to their present ends, committed records only, from where it left off the last time."""

    def __init__(self, cluster: Cluster, namespace: Namespace) -> None:
        group = namespace.group(f"audit-{uuid4()}")
        settings = consumer_settings(cluster, "sillage-audit", group)
        # Ends are asked for again and again: an empty answer need not be held back.
        self._consumer = Consumer(settings | {"enable.partition.eof": True, "fetch.wait.max.ms": 20})
        self._namespace = namespace
        self._next: dict[TopicPartition, int] = {}

    def read(self, topic: Topic) -> Iterator[Message]:
        """Records not read before. Raises CannotAudit."""
        places = self._places(topic)
        name = places[0].topic
        starts = [self._next.get(place, OFFSET_BEGINNING) for place in places]
        self._consumer.assign(
            [
                TopicPartition(name, place.partition, start)
                for place, start in zip(places, starts, strict=True)
            ]
        )
        pending = set(places)
        while pending:
            messages = self._poll(name)
            for message in messages:
                place = TopicPartition(name, message.partition() or 0)
                if _is_end(message):
                    self._next[place] = message.offset() or 0
                    pending.discard(place)
                else:
                    self._next[place] = (message.offset() or 0) + 1
                    yield message

    def ends(self, topic: Topic) -> dict[int, int]:
        """The next offset of each partition, as Kafka tells it now. Raises CannotAudit."""
        try:
            return {
                place.partition: self._consumer.get_watermark_offsets(place, timeout=SILENCE_S)[1]
                for place in self._places(topic)
            }
        except KafkaException as error:
            raise CannotAudit(f"Kafka: {error.args[0]}") from error

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()

    def _places(self, topic: Topic) -> list[TopicPartition]:
        """The topic's partitions. Asked of Kafka, which also tells librdkafka at once who leads them."""
        name = self._namespace.topic(topic)
        try:
            found = self._consumer.list_topics(name, timeout=SILENCE_S).topics[name]
        except KafkaException as error:
            raise CannotAudit(f"Kafka: {error.args[0]}") from error
        if found.error is not None:
            raise CannotAudit(f"Kafka: {name}: {found.error.str()}. `sillage topics apply` makes the topics")
        return [TopicPartition(name, number) for number in found.partitions]

    def _poll(self, name: str) -> list[Message]:
        messages = self._consumer.consume(BATCH, 0.05)
        waited = 0.0
        while not messages:
            if waited > SILENCE_S:
                raise CannotAudit(f"Kafka said nothing of {name} for {SILENCE_S:.0f} s")
            messages = self._consumer.consume(1, 1.0)
            waited += 1.0
        return messages


def _is_end(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise CannotAudit(f"Kafka: {message.topic()} [{message.partition()}]: {error.str()}")


class PublishedRows:
    """Keeps `published_<subject>` in the workspace at what the subject's topic says."""

    def __init__(
        self, subject: Subject, reader: TopicReader, schemas: SchemaSource, space: Workspace
    ) -> None:
        self._subject = subject
        self._reader = reader
        self._avro = AvroReader(str(subject.topic.value), schemas)
        self._space = space
        self._columns = {"generation": "integer"} | subject.columns
        self.unreadable: dict[str, Finding] = {}
        """Records that are no row at all, with nothing after them, by key."""
        listed = ", ".join(f"{name} {kind}" for name, kind in self._columns.items())
        space.run(f"CREATE TEMPORARY TABLE staged_{subject.name} ({listed}, kafka_offset bigint)")

    def catch_up(self, tell: Callable[[str], None]) -> None:
        """Read on to the end; `tell` is told how far it is. Raises CannotAudit."""
        records = self._reader.read(self._subject.topic)
        read = 0
        while batch := list(islice(records, BATCH)):
            self._take(batch)
            read += len(batch)
            tell(f"reading published {self._subject.name}: {read:,} records")
        self._space.run(f"ANALYZE published_{self._subject.name}")

    def _take(self, batch: list[Message]) -> None:
        rows: list[Row] = []
        for message in batch:
            payload = message.value()
            if payload is None:
                self._stage(rows)
                rows = []
                self._withdraw(message)
                continue
            try:
                rows.append((*self._row(self._avro.read(payload)), message.offset()))
                self.unreadable.pop(_text(message.key()), None)
            except Undecodable as error:
                self._note(message, str(error))
        self._stage(rows)

    def _row(self, value: Mapping[str, Any]) -> Row:
        return tuple(_storable(value[name], kind) for name, kind in self._columns.items())

    def _stage(self, rows: list[Row]) -> None:
        if not rows:
            return
        name, key = self._subject.name, ", ".join(self._subject.key)
        columns = ", ".join(self._columns)
        changes = ", ".join(f"{column} = excluded.{column}" for column in self._columns)
        self._space.copy(f"staged_{name}", rows)
        self._space.run(
            f"INSERT INTO published_{name} AS known ({columns})"
            f" SELECT DISTINCT ON ({key}) {columns} FROM staged_{name}"
            f" ORDER BY {key}, generation DESC, revision DESC, kafka_offset DESC"
            f" ON CONFLICT ({key}) DO UPDATE SET {changes}"
            " WHERE (excluded.generation, excluded.revision) >= (known.generation, known.revision)"
        )
        self._space.run(f"TRUNCATE staged_{name}")

    def _withdraw(self, message: Message) -> None:
        """A tombstone takes the key's row back."""
        key = _text(message.key())
        self.unreadable.pop(key, None)
        parts = (key,) if len(self._subject.key) == 1 else tuple(orjson.loads(key))
        condition = " AND ".join(f"{name} = %s" for name in self._subject.key)
        self._space.run(f"DELETE FROM published_{self._subject.name} WHERE {condition}", parts)

    def _note(self, message: Message, why: str) -> None:
        key = _text(message.key())
        self.unreadable[key] = Finding(
            subject=self._subject.name,
            place=Place.TOPIC,
            key=key,
            field="record",
            expected=f"a {self._subject.topic.value}",
            found=f"[{message.partition()}] offset {message.offset()}: {why}",
        )


def _text(data: bytes | str | None) -> str:
    return data if isinstance(data, str) else (data or b"").decode(errors="replace")


def _storable(value: Any, kind: str) -> Any:
    """As COPY takes it. PostgreSQL has no NUL in texts: rows with one cannot be stored there anyway."""
    if kind == "jsonb":
        return orjson.dumps(value).decode()
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_storable(item, "text") for item in value]
    return value
