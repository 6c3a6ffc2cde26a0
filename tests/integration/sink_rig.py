"""What the sink's tests share: events to store, topics to write to, the process under test, its rows."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition

from schemas.topics import DEAD_LETTER, Namespace, Topic
from sinks.tables import TABLES
from tests.stack import Stack
from wire.clients import Cluster, producer_settings
from wire.codec import Decoder, Encoder
from wire.registry import Registry

PATIENCE_S = 120.0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def interaction(session_id: str, **changes: Any) -> dict[str, Any]:
    """A plain Interaction of now."""
    now = now_ms()
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "PERFUME_VIEW",
        "event_category": "VIEW",
        "occurred_at": now,
        "time_source": "client",
        "client_time": now,
        "path": "/perfumes/vetiver",
        "perfume_id": "vetiver",
        "event_data": json.dumps({"source": "search"}),
        "receipt": 1,
        "session_id": session_id,
        "received_at": now,
        "gateway_boot": "boot-1",
    } | changes


def eventually(condition: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait until it holds; fails saying `what` did not come about."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"not within {within_s} s: {what}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Topics:
    """The pipeline's topics in one namespace, written to as its other services would."""

    def __init__(self, stack: Stack, namespace: str) -> None:
        self._space = Namespace(namespace)
        self._bootstrap = stack.bootstrap
        self._registry = Registry(stack.registry_url)
        self._producer = Producer(producer_settings(Cluster(stack.bootstrap), "tests"))
        self.ends: dict[tuple[str, int], int] = {}
        """The offset behind the last record sent, by topic and partition."""
        self._encoders = {
            table.topic.name: Encoder(str(table.topic.value), self._registry.id_of(table.topic, self._space))
            for table in TABLES
        }

    def name(self, topic: Topic) -> str:
        return self._space.topic(topic)

    def send(self, topic: Topic, *values: Mapping[str, Any]) -> None:
        """Into the partitions the services would choose; returns when all are acknowledged."""
        encode = self._encoders[topic.name].encode
        for value in values:
            key = value["session_id"] if "session_id" in value else value["perfume_id"]
            self._produce(topic, key, encode(dict(value)))
        self.flush()

    def send_bytes(self, topic: Topic, value: bytes | None, key: str = "anyone") -> None:
        """Whatever bytes, straight into a topic."""
        self._produce(topic, key, value)
        self.flush()

    def _produce(self, topic: Topic, key: str, value: bytes | None) -> None:
        self._producer.produce(self.name(topic), key=key, value=value, on_delivery=self._delivered)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        assert error is None
        self.ends[message.topic() or "", message.partition() or 0] = (message.offset() or 0) + 1

    def flush(self) -> None:
        assert self._producer.flush(PATIENCE_S) == 0

    def dead_letters(self) -> list[dict[str, Any]]:
        """All dead letters there are, once for each source record."""
        decoder = Decoder(str(DEAD_LETTER.value), self._registry)
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for payload in self._whole(DEAD_LETTER):
            letter = decoder.decode(payload)
            source = ("source_topic", "source_partition", "source_offset", "stage")
            found[tuple(letter[name] for name in source)] = letter
        return list(found.values())

    def _whole(self, topic: Topic) -> Iterator[bytes | None]:
        """The values a topic holds now, all partitions at once."""
        settings: dict[str, object] = {"group.id": "tests", "enable.partition.eof": True}
        consumer = Consumer({"bootstrap.servers": self._bootstrap, **settings})
        places = range(topic.partitions)
        consumer.assign([TopicPartition(self.name(topic), place, OFFSET_BEGINNING) for place in places])
        ends = 0
        while ends < topic.partitions:
            for message in consumer.consume(500, 0.2):
                if message.error() is None:
                    yield message.value()
                else:
                    ends += 1
        consumer.close()


@dataclass
class Sink:
    """`python -m sinks`, as the supervisor starts it."""

    stack: Stack
    namespace: str
    database: str
    log: Path
    port: int
    extra: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "Sink":
        environment = {name: text for name, text in os.environ.items() if not name.startswith("SILLAGE_")}
        environment |= {
            "SILLAGE_KAFKA_BOOTSTRAP": self.stack.bootstrap,
            "SILLAGE_REGISTRY_URL": self.stack.registry_url,
            "SILLAGE_DATABASE_URL": self.database,
            "SILLAGE_NAMESPACE": self.namespace,
            "SILLAGE_SINK_PORT": str(self.port),
            "SILLAGE_SINK_SESSION_TIMEOUT_MS": "6000",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sinks"], env=environment | dict(self.extra), stdout=log, stderr=log
            )
        return self

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None
        return self.process

    def probe(self, path: str) -> httpx.Response | None:
        """None while it does not answer at all."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
        except httpx.TransportError:
            return None

    def is_ready(self) -> bool:
        answer = self.probe("/readyz")
        return answer is not None and answer.status_code == 200

    def why_not_ready(self) -> str:
        """What it says; nothing where it is ready, or says nothing."""
        answer = self.probe("/readyz")
        return "" if answer is None or answer.status_code == 200 else str(answer.json()["reason"])

    def wait_ready(self) -> "Sink":
        eventually(self.is_ready, f"the sink is ready:\n{self.log.read_text()[-2000:]}")
        return self

    def signal(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def kill(self) -> None:
        """As kill -9 does."""
        self.running.kill()
        self.running.wait(60)

    def exit_code(self, within_s: float = PATIENCE_S) -> int:
        """Waits for the process to end."""
        return self.running.wait(within_s)

    def stop(self) -> int:
        """As the supervisor does: SIGTERM, then the exit code."""
        self.signal(signal.SIGTERM)
        return self.exit_code()


class Rows:
    """What PostgreSQL holds."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def all(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode(), parameters or None).fetchall()

    def run(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def one(self, query: str, *parameters: object) -> Any:
        (row,) = self.all(query, *parameters)
        return row[0]

    def events(self, prefix: str) -> int:
        """Stored events of the sessions named so."""
        return int(
            self.one("SELECT count(*) FROM interaction_events WHERE starts_with(session_id, %s)", prefix)
        )

    def hold_all(self, ends: Mapping[tuple[str, int], int]) -> bool:
        """Whether the sink has stored, or put aside, everything before these offsets."""
        stored = {
            (topic, partition): offset
            for topic, partition, offset in self.all("SELECT topic, partition, next_offset FROM sink_offsets")
        }
        return all(stored.get(place, 0) >= end for place, end in ends.items())

    def identities(self, prefix: str) -> list[tuple[str, str]]:
        """(session_id, event_id) of each row, with repetitions if there are any."""
        return self.all(
            "SELECT session_id, event_id::text FROM interaction_events"
            " WHERE starts_with(session_id, %s) ORDER BY 1, 2",
            prefix,
        )

    def close(self) -> None:
        self._connection.close()


def identities(events: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What `Rows.identities` must answer for distinct events."""
    return sorted({(event["session_id"], event["event_id"]) for event in events})
