"""Live reads that are asked all the time while something happens: right, or none, never wrong."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from schemas.topics import SESSIONS
from tests.services import Service
from tests.streams_pipeline import KEY, StreamsPipeline

SEE: Final = {"Authorization": f"Bearer {KEY}"}
Expected = Mapping[str, Mapping[str, Any]]
"""Path to fields of the answer that must be so."""


def expected_answers(pipeline: StreamsPipeline) -> Expected:
    rows = pipeline.published(SESSIONS)
    total = {"sessions": len(rows), "events": sum(row["events"] for row in rows.values())}
    sessions = {f"/live/sessions/{key}": {"events": row["events"]} for key, row in rows.items()}
    return {"/live/summary": total, **sessions}


@contextmanager
def asking(workers: list[Service], expected: Expected) -> Iterator[list[str]]:
    """Ask all workers all the time; gives the list of wrong answers, which grows."""
    wrong: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            for worker in workers:
                wrong.extend(told for told in wrong_answers(worker, expected) if not told.startswith("none"))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield wrong
    finally:
        enough.set()
        thread.join()


def wrong_answers(worker: Service, expected: Expected) -> list[str]:
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


def alive(worker: Service) -> bool:
    """Ready; one that ended because its session had is started again, as by a supervisor."""
    if not worker.running:
        worker.launch()
    return worker.ready()
