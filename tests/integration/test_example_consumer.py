"""The example in examples/consumer, run as its README says, on what the real pipeline publishes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from ops.runtime.home import PROJECT
from schemas.topics import PERFUME_STATS
from tests.interactions import interactions
from tests.published import perfume_stats
from tests.services import ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import KEY, StreamsPipeline
from wire.codec import Encoder

pytestmark = pytest.mark.integration

EXAMPLE = PROJECT / "examples" / "consumer" / "consumer.py"
SETTLE_S = 180.0


@pytest.fixture(scope="module")
def pipeline(
    stack: Stack, namespace: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StreamsPipeline]:
    folder: Path = tmp_path_factory.mktemp("example")
    made = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, folder)
    yield made
    made.close()


def run_example(stack: Stack, pipeline: StreamsPipeline) -> dict[str, Any]:
    done = subprocess.run(
        [
            *(sys.executable, str(EXAMPLE), "--once", "--top", "500"),
            *("--bootstrap", stack.bootstrap, "--registry", stack.registry_url),
            *("--topic", pipeline.space.topic(PERFUME_STATS)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def write(stack: Stack, pipeline: StreamsPipeline, row: dict[str, Any] | None, commit: bool = True) -> None:
    """Put one record about the perfume "extra" into the topic, in a transaction that is committed or not."""
    schema_id = pipeline.registry.id_of(PERFUME_STATS, pipeline.space)
    producer = Producer({"bootstrap.servers": stack.bootstrap, "transactional.id": pipeline.space.prefix})
    producer.init_transactions()
    producer.begin_transaction()
    value = None if row is None else Encoder("perfume_stats", schema_id).encode(row)
    producer.produce(pipeline.space.topic(PERFUME_STATS), key=b"extra", value=value, partition=0)
    producer.flush()
    if commit:
        producer.commit_transaction()
    else:
        producer.abort_transaction()


def test_it_tells_the_same_scores_as_the_live_read(stack: Stack, pipeline: StreamsPipeline) -> None:
    worker = pipeline.worker("one")
    with ended_at_last(worker):
        worker.start()
        pipeline.topic.put(interactions(seed=5, count=500, sessions=30), retries=2)
        pipeline.wait_until_exact(SETTLE_S)
        while True:  # within one hour: scores are those of whole hours
            hour = datetime.now(UTC).hour
            told = run_example(stack, pipeline)
            live = httpx.get(
                f"{worker.url}/live/trending?limit=500",
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=60,
            ).json()["perfumes"]
            if datetime.now(UTC).hour == hour:
                break
    assert told["perfumes"] == len(pipeline.published(PERFUME_STATS))
    scores = {row["perfume_id"]: row["trending_score"] for row in told["top"] if row["trending_score"]}
    assert scores == pytest.approx({row["perfume_id"]: row["trending_score"] for row in live})
    assert len(scores) > 20


def test_it_keeps_the_newest_row_that_was_committed(stack: Stack, pipeline: StreamsPipeline) -> None:
    def viewers() -> int | None:
        told = run_example(stack, pipeline)["top"]
        return next((row["unique_viewers"] for row in told if row["perfume_id"] == "extra"), None)

    def told(number: int | None) -> None:
        """Soon: Kafka answers a commit before it shows what was committed."""
        wait_until(lambda: viewers() == number, SETTLE_S, lambda: f"{viewers()} viewers, not {number}")

    row = perfume_stats("extra", revision=9, unique_viewers=2)
    write(stack, pipeline, row)
    write(stack, pipeline, row | {"revision": 8, "unique_viewers": 1})
    write(stack, pipeline, row | {"revision": 10, "unique_viewers": 99}, commit=False)
    told(2)
    write(stack, pipeline, row | {"generation": 1, "revision": 3, "unique_viewers": 7})
    told(7)
    write(stack, pipeline, None)
    told(None)
