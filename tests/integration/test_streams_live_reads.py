"""Live reads while everything moves: the right answer or none, never a wrong one.

Real workers and a real broker: what is tested is who believes to own which rows, and when.
"""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from schemas.topics import SESSIONS
from tests.interactions import interactions
from tests.services import Service, ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import KEY, StreamsPipeline

pytestmark = [pytest.mark.integration, pytest.mark.long]

SEE: Final = {"Authorization": f"Bearer {KEY}"}
SESSION_TIMEOUT_S: Final = 6.0
SETTLE_S: Final = 240.0


@pytest.fixture
def pipeline(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[StreamsPipeline]:
    made = StreamsPipeline(
        stack.bootstrap, stack.registry_url, namespace, tmp_path, round(SESSION_TIMEOUT_S * 1000)
    )
    yield made
    made.close()


def test_no_answer_is_wrong_while_workers_join_leave_crash_and_freeze(pipeline: StreamsPipeline) -> None:
    first, second = pipeline.worker("first"), pipeline.worker("second")
    with ended_at_last(first, second):
        first.start()
        pipeline.topic.put(interactions(seed=60, count=400, sessions=30))
        pipeline.wait_until_exact(SETTLE_S)
        expected = _expected(pipeline)
        with _asking([first, second], expected) as wrong:
            second.start()
            first.signal(signal.SIGTERM)
            assert first.wait(120) == 0, first.tail()
            first.start()
            second.kill()
            second.start()
            first.signal(signal.SIGSTOP)
            time.sleep(SESSION_TIMEOUT_S * 1.5)
            first.signal(signal.SIGCONT)
            wait_until(lambda: _alive(first), SETTLE_S, first.tail)
            for worker in (first, second):
                wait_until(lambda w=worker: not _wrong(w, expected), SETTLE_S, worker.tail)  # type: ignore[misc]
        assert wrong == []


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


Expected = Mapping[str, Mapping[str, Any]]
"""Path to fields of the answer that must be so."""


def _expected(pipeline: StreamsPipeline) -> Expected:
    rows = pipeline.published(SESSIONS)
    total = {"sessions": len(rows), "events": sum(row["events"] for row in rows.values())}
    sessions = {f"/live/sessions/{key}": {"events": row["events"]} for key, row in rows.items()}
    return {"/live/summary": total, **sessions}


@contextmanager
def _asking(workers: list[Service], expected: Expected) -> Iterator[list[str]]:
    """Ask all workers all the time; gives the list of wrong answers, which grows."""
    wrong: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            for worker in workers:
                wrong.extend(told for told in _wrong(worker, expected) if not told.startswith("none"))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield wrong
    finally:
        enough.set()
        asking.join()


def _wrong(worker: Service, expected: Expected) -> list[str]:
    """Answers that are not as expected; those that are none at all, or 503, begin with "none"."""
    found: list[str] = []
    with httpx.Client(base_url=worker.url, headers=SEE, timeout=3, verify=False) as client:
        for path, fields in expected.items():
            try:
                answer = client.get(path)
            except httpx.TransportError:
                return [*found, f"none: {worker.url} does not answer"]
            if answer.status_code == 503 and answer.headers.get("Retry-After"):
                found.append(f"none: {worker.url}{path} cannot tell")
            elif answer.status_code != 200 or _answered(answer, fields) != fields:
                found.append(f"{worker.url}{path}: {answer.status_code} {answer.text}, expected {fields}")
    return found


def _answered(answer: httpx.Response, fields: Mapping[str, Any]) -> dict[str, Any]:
    """These fields of the answer."""
    told = answer.json()
    return {name: told.get(name) for name in fields}


def _alive(worker: Service) -> bool:
    """Ready; one that ended because it had slept through its session is started again, as by a supervisor."""
    if not worker.running:
        worker.launch()
    return worker.ready()


def _events_shown(worker: Service, session: str) -> int:
    answer = httpx.get(f"{worker.url}/live/sessions/{session}", headers=SEE, timeout=10, verify=False)
    return int(answer.json()["events"]) if answer.status_code == 200 else 0
