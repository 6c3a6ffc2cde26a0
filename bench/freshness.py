"""How old a published session row is when a reader sees it, by flush interval: `python -m bench.freshness`.

A worker on real Kafka, an event every few milliseconds, a reader of committed rows. Counted from when an
event is handed to the Kafka client to when the reader holds the row that counts it.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from ops.provision import apply_schemas, apply_topics
from schemas.topics import SESSIONS, Namespace
from tests.interactions import interactions
from tests.services import ended_at_last
from tests.stack import Stack, choose
from tests.streams_pipeline import StreamsPipeline
from wire.clients import Cluster

INTERVALS_MS = (50, 100, 200, 500)
GRACE_S = 30.0


def ages(stack: Stack, interval_ms: int, events: int, gap_s: float, folder: Path) -> list[float]:
    """Milliseconds from each event to its row, at a flush interval."""
    space = Namespace(f"fresh{interval_ms}-{time.time_ns()}.")
    apply_topics(Cluster(stack.bootstrap), space)
    apply_schemas(stack.registry_url, space)
    pipeline = StreamsPipeline(stack.bootstrap, stack.registry_url, space.prefix, folder)
    worker = pipeline.worker(f"w{interval_ms}", SILLAGE_FLUSH_INTERVAL_MS=str(interval_ms))
    with ended_at_last(worker):
        worker.start()
        pipeline.topic.put(interactions(0, 200, 200))
        pipeline.wait_until_exact(120)
        return list(_measured(pipeline, events, gap_s))


def _measured(pipeline: StreamsPipeline, events: int, gap_s: float) -> Iterator[float]:
    reader = Consumer(
        {
            "bootstrap.servers": pipeline.bootstrap,
            "group.id": "freshness",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 5,
        }
    )
    name = pipeline.space.topic(SESSIONS)
    reader.assign([TopicPartition(name, number, OFFSET_END) for number in range(SESSIONS.partitions)])
    reader.poll(2.0)
    sent: dict[str, float] = {}
    one_each = (event for event in interactions(1, events * 2, 10**9) if not event["is_bot"])
    last = time.monotonic()
    for event in (event for event, _ in zip(one_each, range(events), strict=False)):
        pipeline.topic.put_event(event)
        pipeline.topic.poll()
        sent[event["session_id"]] = time.monotonic()
        while time.monotonic() < last + gap_s:
            yield from _seen(reader, sent)
        last = time.monotonic()
    until = time.monotonic() + GRACE_S
    while sent and time.monotonic() < until:
        yield from _seen(reader, sent)
    reader.close()


def _seen(reader: Consumer, sent: dict[str, float]) -> Iterator[float]:
    message = reader.poll(0.002)
    began = None if message is None else sent.pop((message.key() or b"").decode(), None)
    if began is not None:
        yield 1_000 * (time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--gap-ms", type=float, default=10)
    asked = parser.parse_args(arguments)
    with choose() as stack, tempfile.TemporaryDirectory() as folder:
        for interval in INTERVALS_MS:
            found = ages(stack, interval, asked.events, asked.gap_ms / 1_000, Path(folder))
            cuts = quantiles(found, n=100)
            told = {
                "interval_ms": interval,
                "rows": len(found),
                "p50_ms": round(cuts[49]),
                "p99_ms": round(cuts[98]),
            }
            sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
