"""`python -m bench.gateway`: each gateway under the same requests, round after round, beside its rivals."""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from rich.console import Console

from bench import machine
from bench.gateway.contestants import CATALOGUE_FILE, CONTESTANTS, Contestant, build
from bench.gateway.errors import BenchmarkError
from bench.gateway.report import Result, document, ratios_of, table
from bench.gateway.run import measure, started
from bench.gateway.traffic import ORIGIN, REQUESTS, write_requests
from ops.provision import apply_schemas, apply_topics
from ops.runtime import Instance, Ports, RuntimeProblem
from ops.runtime.home import PROJECT
from schemas.topics import INTERACTIONS, Namespace
from wire.clients import ERRORS_ONLY, Cluster

HOMES = PROJECT / ".sillage" / "bench" / "runs"
PACKAGES = ("fastapi", "uvicorn", "httptools", "uvloop", "pydantic", "orjson", "fastavro", "confluent-kafka")
SPACE = Namespace("bench.")
ADMIN_S = 30.0
TABLE_WIDTH = 130
NAMES = [contestant.name for contestant in CONTESTANTS]

console = Console(stderr=True)


class Bench:
    """A set of servers, prepared requests, and the folder that programs write to."""

    def __init__(self, instance: Instance, batches: Sequence[int], seconds: float) -> None:
        self._cluster = Cluster(instance.bootstrap)
        self._registry_url = instance.registry_url
        self._folder = instance.home.root
        self._seconds = seconds
        self._admin = AdminClient({**self._cluster.base("bench"), "log_level": ERRORS_ONLY})
        self._requests = {batch: self._folder / f"requests-{batch}" for batch in batches}

    def prepare(self) -> None:
        """Topics, schemas, requests."""
        apply_topics(self._cluster, SPACE)
        self._schema_id = apply_schemas(self._registry_url, SPACE)[SPACE.subject(INTERACTIONS)]
        for batch, path in self._requests.items():
            size = write_requests(path, batch, time.time_ns() // 1_000_000)
            console.print(f"requests of {batch}: {size:.0f} bytes of body per event", highlight=False)

    def round(self, contestant: Contestant, number: int) -> Iterator[Result]:
        """One program through all kinds of requests. Raises BenchmarkError."""
        port = Ports.free().gateway
        log = self._folder / f"{number}-{contestant.name}.log"
        with started(contestant, self._told(port, contestant, number), log) as process:
            for batch, path in self._requests.items():
                load_average = os.getloadavg()[0]
                measured = measure(process, port, path, batch, self._seconds, self._in_topic)
                yield Result(contestant, batch, number, load_average, measured)

    def _told(self, port: int, contestant: Contestant, number: int) -> Mapping[str, str]:
        return {
            "SILLAGE_KAFKA_BOOTSTRAP": self._cluster.bootstrap,
            "SILLAGE_REGISTRY_URL": self._registry_url,
            "SILLAGE_NAMESPACE": SPACE.prefix,
            "SILLAGE_GATEWAY_PORT": str(port),
            "SILLAGE_ALLOWED_ORIGINS": ORIGIN,
            "SILLAGE_SPOOL_DIR": str(self._folder / f"{number}-{contestant.name}-spool"),
            # All load comes from one address: its limit is kept, at a height that nothing reaches.
            "SILLAGE_ADDRESS_RATE": "1000000",
            "SILLAGE_ADDRESS_BURST": "1000000",
            "BENCH_INTERACTION_ID": str(self._schema_id),
            "BENCH_CATALOGUE": str(CATALOGUE_FILE),
        }

    def _in_topic(self) -> int:
        """Records ever written to `interactions`."""
        places = [TopicPartition(SPACE.topic(INTERACTIONS), at) for at in range(INTERACTIONS.partitions)]
        newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        found = self._admin.list_offsets(dict.fromkeys(places, newest))
        return sum(future.result(ADMIN_S).offset for future in found.values())


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each program runs.")] = 2,
    seconds: Annotated[float, typer.Option(min=1, help="How long each load lasts.")] = 3.0,
    programs: Annotated[str, typer.Option(help="Which of them, comma separated.")] = ",".join(NAMES),
    batches: Annotated[str, typer.Option(help="Events in a request.")] = ",".join(map(str, REQUESTS)),
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all figures here.")] = None,
) -> None:
    """Measure events/s, events per CPU second, latencies and memory of each gateway."""
    chosen = [contestant for contestant in CONTESTANTS if contestant.name in programs.split(",")]
    sizes = [batch for batch in REQUESTS if str(batch) in batches.split(",")]
    try:
        console.print("Building the Go programs")
        build()
        facts = machine.facts(PACKAGES)
        with _servers() as instance:
            bench = Bench(instance, sizes, seconds)
            bench.prepare()
            results = list(_runs(bench, chosen, rounds))
    except (BenchmarkError, RuntimeProblem) as problem:
        console.print(str(problem), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _tell(facts, results, json_file)


def _runs(bench: Bench, chosen: Sequence[Contestant], rounds: int) -> Iterator[Result]:
    """The order of programs turns round with every round."""
    for number in range(1, rounds + 1):
        for contestant in chosen if number % 2 else reversed(chosen):
            for result in bench.round(contestant, number):
                saturated, half = result.measured.saturated, result.measured.half
                console.print(
                    f"  round {number}, {contestant.name}, {result.batch} events:"
                    f" {saturated.per_second:,.0f} events/s, {saturated.per_cpu_second:,.0f} per CPU second,"
                    f" p99 {half.latency_ms['p99']:.1f} ms, missing {result.measured.missing}",
                    highlight=False,
                )
                yield result


@contextmanager
def _servers() -> Iterator[Instance]:
    """Kafka and registry of their own, on free ports, gone at the end whatever happens."""
    home = HOMES / str(os.getpid())
    instance = Instance(home, ports=Ports.free(), durable=False, owner=os.getpid())
    try:
        console.print("Starting Kafka and the registry")
        instance.start_servers()
        yield instance
    finally:
        instance.stop()
        shutil.rmtree(home, ignore_errors=True)


def _tell(facts: Mapping[str, str], results: Sequence[Result], json_file: Path | None) -> None:
    shown = Console(width=TABLE_WIDTH)
    for name, fact in facts.items():
        shown.print(f"{name}: {fact}", highlight=False, markup=False)
    shown.print(table(results))
    for batch, peer, ratios in ratios_of(results):
        single = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        shown.print(
            f"batch {batch}: sillage is {median(ratios):.2f} x {peer.name} per CPU second ({single})",
            highlight=False,
        )
    if json_file is not None:
        json_file.write_text(json.dumps(document(facts, results), indent=2) + "\n")
    if any(result.measured.missing or result.measured.refused for result in results):
        console.print("Events were refused, or are not in the topic: the speed means nothing.", style="red")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
