"""Live rows on real Kafka: right after crashes, restarts, joins and leaves, and amid garbage.

A real broker, because every claim here is about what Kafka does: fencing, transactions, rebalances.
"""

import signal
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import DEAD_LETTER, INTERACTIONS, PERFUME_STATS, SESSIONS
from tests.interactions import interactions
from tests.services import Service, ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import KEY, StreamsPipeline

pytestmark = pytest.mark.integration

SEE = {"Authorization": f"Bearer {KEY}"}
SETTLE_S = 180.0


@pytest.fixture(scope="module")
def pipeline(
    stack: Stack, namespace: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StreamsPipeline]:
    folder = tmp_path_factory.mktemp("streams")
    made = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, folder)
    yield made
    made.close()


def test_a_session_can_be_read_live_by_those_with_a_key(pipeline: StreamsPipeline) -> None:
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.start()
        events = list(interactions(seed=1, count=300, sessions=10))
        pipeline.topic.put(events, retries=2)
        pipeline.wait_until_exact(SETTLE_S)
        (session_id, row), *_ = pipeline.published(SESSIONS).items()
        live = httpx.get(f"{worker.url}/live/sessions/{session_id}", headers=SEE)
        assert live.json()["events"] == row["events"]
        humans = sum(not event["is_bot"] for event in events)
        assert httpx.get(f"{worker.url}/live/summary", headers=SEE).json()["events"] == humans
        assert httpx.get(f"{worker.url}/live/sessions/nobody", headers=SEE).status_code == 404
        assert httpx.get(f"{worker.url}/live/sessions/{session_id}").status_code == 401
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0, worker.tail()


def test_rows_stay_exact_when_the_worker_is_killed_again_and_again(pipeline: StreamsPipeline) -> None:
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        for kill in range(4):
            worker.launch()
            pipeline.topic.put(interactions(seed=10 + kill, count=4_000, sessions=300))
            wait_until(partial(_has_committed, worker), SETTLE_S, worker.tail)
            pipeline.topic.put(interactions(seed=15 + kill, count=2_000, sessions=300))
            time.sleep(0.1 * kill)
            worker.kill()
        worker.start()
        pipeline.wait_until_exact(SETTLE_S)


def _has_committed(worker: Service) -> bool:
    """Whether this life of the worker has committed a transaction: it is at work."""
    try:
        metrics = httpx.get(f"{worker.url}/metrics", timeout=2, verify=False).text
    except httpx.TransportError:
        return False
    return any(
        line.startswith("sillage_streams_flushes_total") and float(line.split()[-1]) > 0
        for line in metrics.splitlines()
    )


def test_rows_stay_exact_while_workers_come_and_go(pipeline: StreamsPipeline) -> None:
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
        pipeline.wait_until_exact(SETTLE_S)


def test_any_worker_answers_for_all_rows_wherever_they_are(pipeline: StreamsPipeline) -> None:
    first, second = pipeline.worker("one"), pipeline.worker("two")
    with ended_at_last(first, second):
        first.start()
        pipeline.topic.put(interactions(seed=25, count=500, sessions=40))
        pipeline.wait_until_exact(SETTLE_S)
        second.start()
        sessions, perfumes = pipeline.published(SESSIONS), pipeline.published(PERFUME_STATS)
        for worker in (first, second):
            live = {key: _ask(worker, f"/live/sessions/{key}")["events"] for key in list(sessions)[-40:]}
            assert live == {key: sessions[key]["events"] for key in live}
            views = {key: _ask(worker, f"/live/perfumes/{key}")["total_views"] for key in perfumes}
            assert views == {key: row["total_views"] for key, row in perfumes.items()}
            assert _ask(worker, "/live/summary")["sessions"] == len(sessions)
            trending = _ask(worker, "/live/trending?limit=5")["perfumes"]
            best = sorted(perfumes.values(), key=lambda row: -row["trending_score"])
            assert {row["perfume_id"] for row in trending} <= {row["perfume_id"] for row in best[:10]}
            assert len(trending) == 5


def _ask(worker: Service, path: str) -> dict[str, Any]:
    """What it tells; asked again while it says that it cannot tell now."""
    answer = httpx.Response(503)

    def answered() -> bool:
        nonlocal answer
        answer = httpx.get(worker.url + path, headers=SEE, timeout=60, verify=False)
        return answer.status_code != 503

    wait_until(answered, SETTLE_S, worker.tail)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_garbage_in_the_topic_is_dead_lettered_and_stops_nothing(pipeline: StreamsPipeline) -> None:
    garbage = [
        b"",
        b"not avro",
        b"\0\0\0\0\1garbage",
        b"\0\x7f\xff\xff\xffunknown schema",
        b"\0\xff\xff\xff\xff",
        None,
    ]
    for value in garbage:
        pipeline.topic.put_bytes(b"garbage", value, partition=3)
    pipeline.topic.put(interactions(seed=30, count=200, sessions=20))
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.start()
        pipeline.wait_until_exact(SETTLE_S)
        letters = [letter for letter in pipeline.values(DEAD_LETTER) if letter["stage"] == "session_agent"]
        assert len(letters) == len(garbage)
        assert {letter["reason"] for letter in letters} == {"undecodable", "unknown_schema"}
        assert {letter["source_partition"] for letter in letters} == {3}
        assert [letter["payload"] for letter in letters] == [value or b"" for value in garbage]


def test_records_deleted_before_they_were_applied_stop_it_for_good(pipeline: StreamsPipeline) -> None:
    pipeline.topic.put(interactions(seed=40, count=2_000, sessions=100))
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap})
    everything = [
        TopicPartition(pipeline.topic.name, number, -1) for number in range(INTERACTIONS.partitions)
    ]
    for deleted in admin.delete_records(everything).values():
        deleted.result(timeout=60)
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.launch()
        assert worker.wait() == 78, "the supervisor must not restart it"
        assert "rebuild them" in worker.tail()
