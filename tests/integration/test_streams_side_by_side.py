"""A second version of the stream processor beside the first, on the same events.

What a rebuild stands on: it fills topics of its own from the same source, and its rows differ in nothing but
the generation. Real Kafka, because the two share a source and must not meet anywhere else.
"""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.interactions import interactions
from tests.services import ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import PUBLIC, StreamsPipeline

pytestmark = [pytest.mark.integration, pytest.mark.long]

TWO_HOURS_MS = 2 * 3_600_000
SETTLE_S = 240.0
Rows = dict[str, dict[str, dict[str, Any]]]


def test_a_second_version_publishes_the_same_rows_but_for_their_generation(
    stack: Stack, namespace: str, second_namespace: str, tmp_path: Path
) -> None:
    first = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, tmp_path)
    second = StreamsPipeline(stack.bootstrap, stack.registry_url, second_namespace, tmp_path)
    events = list(interactions(50, 3_000, 150, now_ms=time.time_ns() // 1_000_000 - TWO_HOURS_MS))
    old = first.worker("old", SILLAGE_FLUSH_INTERVAL_MS="500")
    new = second.worker(
        "new",
        SILLAGE_FLUSH_INTERVAL_MS="50",
        SILLAGE_SOURCE_NAMESPACE=namespace,
        SILLAGE_GENERATION="1",
    )
    with ended_at_last(old, new):
        old.start()
        first.topic.put(events[:2_000], retries=2)
        old.kill()
        old.start()
        new.start()  # while the first goes on
        first.topic.put(events[2_000:])
        for pipeline, worker in ((first, old), (second, new)):
            wait_until(lambda p=pipeline: _all_closed(p), SETTLE_S, worker.tail)  # type: ignore[misc]
        first.wait_until_exact(SETTLE_S)
        wait_until(lambda: _plain(second, 1) == _plain(first, 0), SETTLE_S, new.tail)
    first.close()
    second.close()


def _all_closed(pipeline: StreamsPipeline) -> bool:
    """Nothing came for hours of the events' own time: in the end every session is closed."""
    sessions = pipeline.published(next(iter(PUBLIC))).values()
    return len(sessions) > 100 and all(row["closed"] for row in sessions)


def _plain(pipeline: StreamsPipeline, generation: int) -> Rows:
    """All rows without their generation, which must be that one."""
    tables: Rows = {topic.name: pipeline.published(topic) for topic in PUBLIC}
    for rows in tables.values():
        assert {row.pop("generation") for row in rows.values()} <= {generation}
    return tables
