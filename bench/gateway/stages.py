"""`python -m bench.gateway.stages`: where the gateway's CPU time goes between HTTP and Kafka, stage by stage.

CPU time of one thread on the benchmark's own requests, each stage with what the one before gave it: needs no
quiet machine. Caches are warmer than in a process that also serves sockets, so real stages take longer.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from bench import machine
from bench.gateway.traffic import REQUESTS, lines
from bench.stages import Stage, cpu_seconds, tell
from ingest_gateway import answers
from ingest_gateway.batch import Batch, parse
from ingest_gateway.caller import Source
from ingest_gateway.identifiers import uuid7
from ingest_gateway.intake import Arrival, Intake, Stamps, take_in
from ingest_gateway.interaction_log import records
from ingest_gateway.json_document import canonical
from schemas.validation import ClientsEvent, checked

PACKAGES: Final = ("pydantic", "orjson")
REQUESTS_EACH: Final = 1_000


def stages(batch: int, now_ms: int) -> list[Stage]:
    """All stages with requests of that many events."""
    sent = list(lines(batch, now_ms))[:REQUESTS_EACH]
    bodies = [body for _agent, body in sent]
    batches = [parse(body) for body in bodies]
    judge = _judge(now_ms)
    arrived = [(parsed, agent) for parsed, (agent, _body) in zip(batches, sent, strict=True)]
    intakes = [judge(one) for one in arrived]

    def stage(name: str, work: Callable[[Any], object], inputs: Sequence[Any], within: str = "") -> Stage:
        return Stage(name, cpu_seconds(work, inputs) / (len(inputs) * batch) * 1e6, within)

    read, judged = "read the body", "judge, enrich, write Avro"
    return [
        stage(read, parse, bodies),
        stage("JSON alone", orjson.loads, bodies, read),
        stage("JSON and the round trip", canonical, bodies, read),
        stage(judged, judge, arrived),
        stage("the catalogue's rules", _checked, batches, judged),
        stage("put records together", _encode, intakes),
        stage("write the answer", answers.taken, intakes),
    ]


def interactions(sent: Iterable[tuple[str, bytes]]) -> list[list[bytes]]:
    """The Avro bytes of each request's events, as the gateway would publish them."""
    judge = _judge(time.time_ns() // 1_000_000)
    return [_encode(judge((parse(body), agent))) for agent, body in sent]


def _judge(now_ms: int) -> Callable[[tuple[Batch, str]], Intake]:
    stamps = Stamps(uuid7(now_ms), next_receipt=count(1).__next__, new_event_id=uuid7)
    return lambda one: take_in(one[0], Arrival(Source.BROWSER, now_ms, user_agent=one[1]), stamps)


def _checked(batch: Batch) -> None:
    for item in batch.items:
        if isinstance(item, ClientsEvent):
            checked(item)


def _encode(intake: Intake) -> list[bytes]:
    return [record.value for record in records(intake.accepted, b"")]


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all figures here.")] = None,
) -> None:
    """Show CPU microseconds per event of each stage, for requests of 1, 10 and 100 events."""
    now_ms = time.time_ns() // 1_000_000
    measured = {str(batch): stages(batch, now_ms) for batch in REQUESTS}
    facts = machine.facts(PACKAGES)
    tell("CPU microseconds per event, by events a request", facts, measured, json_file)


if __name__ == "__main__":
    typer.run(main)
