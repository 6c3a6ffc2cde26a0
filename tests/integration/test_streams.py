"""Live sessions on real Kafka: right after crashes, restarts, joins and leaves, and amid garbage.

A real broker, because every claim here is about what Kafka does: fencing, transactions, rebalances.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import DEAD_LETTER, INTERACTIONS, SESSIONS, Namespace, Topic
from tests.interactions import InteractionTopic, interactions
from tests.oracle.sessions import expected_sessions
from tests.services import Service, ended_at_last, free_port, wait_until
from tests.stack import Stack
from tests.topic import read_topic
from wire.codec import Decoder
from wire.errors import Undecodable
from wire.registry import Registry

pytestmark = pytest.mark.integration

KEY = "sk_test_streams"
SEE = {"Authorization": f"Bearer {KEY}"}
SETTLE_S = 40.0


class Pipeline:
    """A namespace's topics, read and written from outside."""

    def __init__(self, stack: Stack, namespace: str, folder: Path) -> None:
        self.stack = stack
        self.namespace = namespace
        self.folder = folder
        self.space = Namespace(namespace)
        self.topic = InteractionTopic(stack.bootstrap, stack.registry_url, namespace)
        self.registry = Registry(stack.registry_url)

    def worker(self, name: str) -> Service:
        """A stream worker with this group.instance.id."""
        port = free_port()
        environment = {
            "SILLAGE_KAFKA_BOOTSTRAP": self.stack.bootstrap,
            "SILLAGE_REGISTRY_URL": self.stack.registry_url,
            "SILLAGE_NAMESPACE": self.namespace,
            "SILLAGE_SECRET_KEYS": KEY,
            "SILLAGE_LIVE_PORT": str(port),
            "SILLAGE_INSTANCE_ID": name,
            "SILLAGE_STREAMS_DATA_DIR": str(self.folder / name),
        }
        return Service("stream_processors", environment, port, self.folder / f"{name}.log")

    def values(self, topic: Topic) -> list[dict[str, Any]]:
        """Every value of a topic that can be decoded, in log order."""
        decoder = Decoder(topic.value or "", self.registry)
        values = []
        for message in read_topic(self.stack.bootstrap, self.space.topic(topic)):
            try:
                values.append(decoder.decode(message.value()))
            except Undecodable:
                continue
        return values

    def published(self) -> dict[str, dict[str, Any]]:
        """The last row of each session, as a reader who begins now would have it."""
        return {row["session_id"]: row for row in self.values(SESSIONS)}

    def differences(self) -> list[str]:
        """Sessions whose published row is not what all their events amount to."""
        expected, found = expected_sessions(self.values(INTERACTIONS)), self.published()
        return sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))

    def wait_until_exact(self) -> None:
        """Every published row equals the brute-force one, within a time."""
        wait_until(lambda: not self.differences(), SETTLE_S, lambda: f"differ: {self.differences()[:5]}")


@pytest.fixture(scope="module")
def pipeline(stack: Stack, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    made = Pipeline(stack, namespace, tmp_path_factory.mktemp("streams"))
    yield made
    made.registry.close()


def test_a_session_can_be_read_live_by_those_with_a_key(pipeline: Pipeline) -> None:
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.start()
        events = list(interactions(seed=1, count=300, sessions=10))
        pipeline.topic.put(events, retries=2)
        pipeline.wait_until_exact()
        (session_id, row), *_ = pipeline.published().items()
        live = httpx.get(f"{worker.url}/live/sessions/{session_id}", headers=SEE)
        assert live.json()["events"] == row["events"]
        humans = sum(not event["is_bot"] for event in events)
        assert httpx.get(f"{worker.url}/live/summary", headers=SEE).json()["events"] == humans
        assert httpx.get(f"{worker.url}/live/sessions/nobody", headers=SEE).status_code == 404
        assert httpx.get(f"{worker.url}/live/sessions/{session_id}").status_code == 401
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0, worker.tail()


def test_rows_stay_exact_when_the_worker_is_killed_again_and_again(pipeline: Pipeline) -> None:
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.start()
        for kill in range(4):
            pipeline.topic.put(interactions(seed=10 + kill, count=4_000, sessions=300))
            time.sleep(0.15 * kill)
            worker.kill()
            worker.launch()
        pipeline.wait_until_exact()


def test_rows_stay_exact_while_workers_come_and_go(pipeline: Pipeline) -> None:
    first, second = pipeline.worker("one"), pipeline.worker("two")
    with ended_at_last(first, second):
        first.start()
        pipeline.topic.put(interactions(seed=20, count=3_000, sessions=200))
        second.start()
        pipeline.topic.put(interactions(seed=21, count=3_000, sessions=200))
        second.signal(signal.SIGTERM)
        pipeline.topic.put(interactions(seed=22, count=3_000, sessions=200))
        assert second.wait() == 0, second.tail()
        second.start()
        pipeline.topic.put(interactions(seed=23, count=3_000, sessions=200))
        first.kill()
        pipeline.wait_until_exact()


def test_garbage_in_the_topic_is_dead_lettered_and_stops_nothing(pipeline: Pipeline) -> None:
    garbage = [b"", b"not avro", b"\0\0\0\0\1garbage", b"\0\x7f\xff\xff\xffunknown schema", None]
    for value in garbage:
        pipeline.topic.put_bytes(b"garbage", value, partition=3)
    pipeline.topic.put(interactions(seed=30, count=200, sessions=20))
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.start()
        pipeline.wait_until_exact()
        letters = [letter for letter in pipeline.values(DEAD_LETTER) if letter["stage"] == "session_agent"]
        assert len(letters) == len(garbage)
        assert {letter["reason"] for letter in letters} == {"undecodable", "unknown_schema"}
        assert {letter["source_partition"] for letter in letters} == {3}
        assert [letter["payload"] for letter in letters] == [value or b"" for value in garbage]


def test_records_deleted_before_they_were_applied_stop_it_for_good(pipeline: Pipeline) -> None:
    pipeline.topic.put(interactions(seed=40, count=2_000, sessions=100))
    admin = AdminClient({"bootstrap.servers": pipeline.stack.bootstrap})
    everything = [
        TopicPartition(pipeline.topic.name, number, -1) for number in range(INTERACTIONS.partitions)
    ]
    for deleted in admin.delete_records(everything).values():
        deleted.result(timeout=30)
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.launch()
        assert worker.wait(60) == 78, "the supervisor must not restart it"
        assert "rebuild them" in worker.tail()
