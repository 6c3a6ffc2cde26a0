"""Live reads while everything moves: the right answer or none, never a wrong one.

Real workers and a real broker: what is tested is who believes to own which rows, and when.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from schemas.topics import SESSIONS
from tests.interactions import interactions
from tests.live_reads import SEE, alive, asking, expected_answers, wrong_answers
from tests.services import Service, ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import StreamsPipeline

pytestmark = pytest.mark.integration

SESSION_TIMEOUT_S: Final = 6.0
SETTLE_S: Final = 240.0


@pytest.fixture
def pipeline(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[StreamsPipeline]:
    made = StreamsPipeline(
        stack.bootstrap, stack.registry_url, namespace, tmp_path, round(SESSION_TIMEOUT_S * 1000)
    )
    yield made
    made.close()


def test_no_answer_is_wrong_while_a_worker_joins_and_crashes(pipeline: StreamsPipeline) -> None:
    first, second = pipeline.worker("first"), pipeline.worker("second")
    with ended_at_last(first, second):
        first.start()
        pipeline.topic.put(interactions(seed=59, count=200, sessions=12))
        pipeline.wait_until_exact(SETTLE_S)
        expected = expected_answers(pipeline)
        with asking([first, second], expected) as wrong:
            second.start()
            second.kill()
            second.start()
            for worker in (first, second):
                wait_until(lambda w=worker: not wrong_answers(w, expected), SETTLE_S, worker.tail)  # type: ignore[misc]
        assert wrong == []


@pytest.mark.long
def test_no_answer_is_wrong_while_workers_join_leave_crash_and_freeze(pipeline: StreamsPipeline) -> None:
    first, second = pipeline.worker("first"), pipeline.worker("second")
    with ended_at_last(first, second):
        first.start()
        pipeline.topic.put(interactions(seed=60, count=400, sessions=30))
        pipeline.wait_until_exact(SETTLE_S)
        expected = expected_answers(pipeline)
        with asking([first, second], expected) as wrong:
            second.start()
            first.signal(signal.SIGTERM)
            assert first.wait(120) == 0, first.tail()
            first.start()
            second.kill()
            second.start()
            first.signal(signal.SIGSTOP)
            time.sleep(SESSION_TIMEOUT_S * 1.5)
            first.signal(signal.SIGCONT)
            wait_until(lambda: alive(first), SETTLE_S, first.tail)
            for worker in (first, second):
                wait_until(lambda w=worker: not wrong_answers(w, expected), SETTLE_S, worker.tail)  # type: ignore[misc]
        assert wrong == []


@pytest.mark.long
def test_what_is_not_committed_is_not_shown(pipeline: StreamsPipeline) -> None:
    """Flushes are seconds apart: an event that was applied but not written would show long before."""
    worker = pipeline.worker("slow", SILLAGE_FLUSH_INTERVAL_MS="3000")
    events = [event for event in interactions(seed=61, count=50, sessions=1) if not event["is_bot"]]
    session = events[0]["session_id"]
    with ended_at_last(worker):
        worker.start()
        shown = 0
        for sent in range(1, 4):
            pipeline.topic.put([events[sent]])
            deadline = time.monotonic() + SETTLE_S
            while shown < sent:
                assert time.monotonic() < deadline, worker.tail()
                shown = _events_shown(worker, session)
                assert shown <= pipeline.published(SESSIONS).get(session, {"events": 0})["events"]


def _events_shown(worker: Service, session: str) -> int:
    answer = httpx.get(f"{worker.url}/live/sessions/{session}", headers=SEE, timeout=10, verify=False)
    return int(answer.json()["events"]) if answer.status_code == 200 else 0
