"""`python -m bench.streams.stages`: where the session agent's CPU time goes between Kafka and Kafka.

CPU time of one thread on the benchmark's own events. Caches are warmer than in a process that also serves
sockets, so real stages take longer.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import typer
from aiokafka import codec

from bench import machine
from bench.stages import Stage, cpu_seconds, tell
from bench.streams.load import LOADS, Load, interactions
from schemas import avro_schemas
from schemas.avro_decoders import DECODERS
from schemas.interaction import check_interaction
from schemas.topics import INTERACTIONS, Namespace, Topic
from stream_processors.agents import session_agent
from stream_processors.engine.batch import Batch, TopicPartition
from stream_processors.engine.partition import FailureWatch, OwnedPartition, Start
from stream_processors.engine.table import Table
from stream_processors.perfumes.activity import activities
from stream_processors.sessions.event import SessionEvent
from wire.codec import Encoder
from wire.partitions import home_partition

PACKAGES: Final = ("msgpack",)
EVENTS: Final = 40_000
FLUSH: Final = 2_500
"""Events of a partition between two flushes: 0.2 s at 12,000 events/s."""
SOURCE: Final = TopicPartition("interactions", 0)
SPACE: Final = Namespace("")


class Consumed(NamedTuple):
    """A record as aiokafka unpacks it (engine.batch.Record)."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int


class OneSchema:
    """A registry in which every schema has the id 1."""

    def id_of(self, _topic: Topic, _namespace: Namespace) -> int:
        return 1

    def schema(self, _schema_id: int) -> Mapping[str, Any]:
        return avro_schemas.schema("interaction")


def stages(load: Load, now_ms: int) -> list[Stage]:
    """All stages with the load's events of one partition."""
    events = [
        event
        for event in interactions(load, EVENTS, now_ms)
        if home_partition(INTERACTIONS, event["session_id"]) == SOURCE.partition
    ]
    encoder, decode = Encoder("interaction", 1), DECODERS["interaction"]
    values = [encoder.encode(event) for event in events]
    decoded = [decode(value, len(encoder.header)) for value in values]
    records = [Consumed(at, None, value, now_ms) for at, value in enumerate(values)]
    flushes = [records[at : at + FLUSH] for at in range(0, len(records), FLUSH)]

    def per_event(work: Any, inputs: Sequence[Any]) -> float:
        return cpu_seconds(work, inputs) / len(events) * 1e6

    applying, flushing, written = _whole(flushes)
    whole = "read, check and apply"
    return [
        Stage(whole, applying / len(events) * 1e6),
        Stage("Avro", per_event(lambda value: decode(value, len(encoder.header)), values), whole),
        Stage("the rules of Interactions", per_event(check_interaction, decoded), whole),
        Stage("what a session learns from it", per_event(SessionEvent, decoded), whole),
        Stage("what perfumes learn from it", per_event(activities, decoded), whole),
        Stage("pack and publish changed rows", flushing / len(events) * 1e6),
        Stage("compress what is written (snappy)", per_event(codec.snappy_encode, written)),
        Stage("what lz4 as aiokafka has it would take", per_event(codec.lz4_encode, written)),
    ]


def _whole(flushes: Sequence[Sequence[Consumed]]) -> tuple[float, float, Sequence[bytes]]:
    """CPU seconds of applying all records, and of taking all flushes; and what went to each partition."""
    job = session_agent(OneSchema(), SPACE)  # type: ignore[arg-type]  # what it asks a registry for is there
    tables: list[Table[Any]] = [Table(spec, {}) for spec in job.tables]
    partition = OwnedPartition(
        job, SOURCE, Start(0), tables, SPACE.topic, lambda _letter: b"", FailureWatch()
    )
    applying = flushing = 0.0
    written: list[bytes] = []
    for records in flushes:
        began = time.thread_time()
        end = records[-1].offset + 1
        partition.apply(Batch(SOURCE, records[0].offset, end, records), records, end)
        applied = time.thread_time()
        flush = partition.take_flush()
        partition.landed()
        applying, flushing = applying + applied - began, flushing + time.thread_time() - applied
        written += [
            b"".join((key or b"") + (value or b"") for key, value in of) for of in flush.records.values()
        ]
    return applying, flushing, written


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all figures here.")] = None,
) -> None:
    """Show CPU microseconds per event of each stage, for both loads."""
    now_ms = time.time_ns() // 1_000_000
    measured = {load.name: stages(load, now_ms) for load in LOADS}
    tell("CPU microseconds per event, by load", machine.facts(PACKAGES), measured, json_file)


if __name__ == "__main__":
    typer.run(main)
