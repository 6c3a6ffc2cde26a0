"""`python -m bench.streams`: each program on the same events, round after round, beside its rivals."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import machine
from bench.process import running
from bench.servers import servers
from bench.streams.arena import Arena, Filling
from bench.streams.contestants import CONTESTANTS, Contestant, build_kafka_streams
from bench.streams.errors import BenchmarkError
from bench.streams.load import LOADS
from bench.streams.report import Result, document, table
from bench.streams.run import Watcher, environment
from bench.streams.samples import speed
from ops.provision import apply_schemas, apply_topics
from ops.runtime import Instance, RuntimeProblem
from schemas.topics import INTERACTIONS, Namespace
from wire.clients import Cluster

FEWEST = 20_000
TABLE_WIDTH = 120
SCRATCH = Namespace("bench-ids.")
PACKAGES = ("faust-streaming", "aiokafka", "fastavro", "msgpack", "orjson", "uvloop", "confluent-kafka")
NAMES = [contestant.name for contestant in CONTESTANTS]
LOAD_NAMES = [load.name for load in LOADS]

console = Console(stderr=True)


class Bench:
    """A set of servers, and the folder they and the programs write to."""

    def __init__(self, instance: Instance) -> None:
        self._cluster = Cluster(instance.bootstrap)
        self._registry_url = instance.registry_url
        self._folder = instance.home.root

    def schema_id(self) -> int:
        """The id under which the registry knows Interaction: the same in every namespace."""
        apply_topics(self._cluster, SCRATCH)
        return apply_schemas(self._registry_url, SCRATCH)[SCRATCH.subject(INTERACTIONS)]

    def measure(self, contestant: Contestant, filling: Filling, round_number: int) -> Result:
        """One run. Raises BenchmarkError."""
        events = len(filling.records)
        label = f"{filling.load.name}-{round_number}-{contestant.name}"
        arena = Arena(self._cluster, self._registry_url, f"{label}.", contestant)
        log = self._folder / f"{label}.log"
        schema_ids = arena.prepare(filling)
        load_average = os.getloadavg()[0]
        told = environment(self._cluster, self._registry_url, arena.space, schema_ids, self._folder / label)
        with running(contestant.command, told, log) as process:
            watcher = Watcher(self._cluster, arena.space, contestant, events)
            samples = watcher.watch(process, log)
        whole, later = speed(samples, events), speed(samples, events, after=0.5)
        differences = arena.differences(filling)
        arena.remove()
        return Result(contestant, filling.load, round_number, events, whole, later, load_average, differences)


def main(
    events: Annotated[int, typer.Option(min=FEWEST, help="Events in the topic.")] = 300_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each program runs on each load.")] = 2,
    programs: Annotated[str, typer.Option(help="Which of them, comma separated.")] = ",".join(NAMES),
    loads: Annotated[str, typer.Option(help="Which loads.")] = ",".join(LOAD_NAMES),
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all figures here.")] = None,
) -> None:
    """Measure events/s and events per CPU second of the session job on each engine."""
    chosen = [contestant for contestant in CONTESTANTS if contestant.name in programs.split(",")]
    try:
        if any(contestant.name == "kafka-streams" for contestant in chosen):
            console.print("Building the Kafka Streams program")
            build_kafka_streams()
        facts = machine.facts(PACKAGES)
        console.print("Starting Kafka and the registry")
        with servers() as instance:
            results = list(_runs(Bench(instance), chosen, loads.split(","), events, rounds))
    except (BenchmarkError, RuntimeProblem) as problem:
        console.print(str(problem), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _tell(facts, results, json_file)


def _runs(
    bench: Bench, chosen: Sequence[Contestant], loads: Sequence[str], events: int, rounds: int
) -> Iterator[Result]:
    """Load by load; within it the order of programs turns round with every round."""
    schema_id, now_ms = bench.schema_id(), time.time_ns() // 1_000_000
    for load in LOADS:
        if load.name not in loads:
            continue
        console.print(f"{load.name}: {load.text}; making {events:,} events")
        counts = {contestant: max(FEWEST, int(events * contestant.part)) for contestant in chosen}
        fillings = {count: Filling.of(load, count, now_ms, schema_id) for count in set(counts.values())}
        for round_number in range(1, rounds + 1):
            for contestant in chosen if round_number % 2 else reversed(chosen):
                result = bench.measure(contestant, fillings[counts[contestant]], round_number)
                console.print(
                    f"  round {round_number}, {contestant.name}: {result.whole.per_second:,.0f} events/s,"
                    f" {result.whole.per_cpu_second:,.0f} per CPU second,"
                    f" wrong: {sum(map(abs, result.differences.values()))}",
                    highlight=False,
                )
                yield result


def _tell(facts: Mapping[str, str], results: Sequence[Result], json_file: Path | None) -> None:
    shown = Console(width=TABLE_WIDTH)
    for name, fact in facts.items():
        shown.print(f"{name}: {fact}", highlight=False, markup=False)
    shown.print(table(results))
    if json_file is not None:
        json_file.write_text(json.dumps(document(facts, results), indent=2) + "\n")
    if any(wrong for result in results for wrong in result.differences.values()):
        console.print("Some results are wrong: their speed means nothing.", style="red")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
