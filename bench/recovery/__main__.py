"""`python -m bench.recovery`: loading rows, and coming back after kill -9 without rows and with them."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import machine
from bench.recovery.errors import NotBack
from bench.recovery.restart import Restarts
from bench.recovery.rows import commit_the_beginning, fill
from bench.recovery.takeover import take_over
from bench.servers import servers
from ops.provision import apply_schemas, apply_topics
from ops.runtime import Instance, RuntimeProblem
from schemas.topics import Namespace
from wire.clients import Cluster

PACKAGES = ("faust-streaming", "aiokafka", "confluent-kafka", "msgpack", "uvloop")

console = Console(width=120)


def main(
    rows: Annotated[int, typer.Option(min=1, help="Rows in the changelog.")] = 500_000,
    loads: Annotated[int, typer.Option(min=1, help="How often they are loaded.")] = 3,
    kills: Annotated[int, typer.Option(min=1, help="How often a worker is killed.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all figures here.")] = None,
) -> None:
    """Measure how fast rows are loaded, and the time from kill -9 to processing again."""
    facts = machine.facts(PACKAGES)
    for name, fact in facts.items():
        console.print(f"{name}: {fact}", highlight=False, markup=False)
    try:
        with servers() as instance:
            figures = {
                "load": _load(instance, rows, loads),
                "restart_without_rows": _restart(instance, Namespace("bench-empty."), kills),
                "restart_with_rows": _restart(instance, Namespace("bench-rows."), kills),
            }
    except (NotBack, RuntimeProblem) as problem:
        console.print(str(problem), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": dict(facts), **figures}, indent=2) + "\n")


def _load(instance: Instance, rows: int, times: int) -> Mapping[str, Any]:
    cluster, space = Cluster(instance.bootstrap), Namespace("bench-rows.")
    apply_topics(cluster, space)
    apply_schemas(instance.registry_url, space)
    size = fill(cluster, space, rows, time.time_ns() // 1_000_000)
    commit_the_beginning(cluster, space)
    loads = [take_over(cluster, instance.registry_url, space) for _ in range(times)]
    for load in loads:
        if load.rows != rows:
            console.print(f"{load.rows} rows were loaded, not {rows}", style="red")
            raise typer.Exit(1)
        console.print(
            f"took over 8 partitions, {load.rows:,} rows, {size / rows:.0f} bytes each: {load.seconds:.2f} s,"
            f" {load.rows / load.seconds:,.0f} rows/s, {load.cpu:.2f} CPU s",
            highlight=False,
        )
    return {"rows": rows, "bytes": size, "seconds": [load.seconds for load in loads]}


def _restart(instance: Instance, space: Namespace, kills: int) -> Mapping[str, Any]:
    apply_topics(Cluster(instance.bootstrap), space)
    apply_schemas(instance.registry_url, space)
    restarts = Restarts(instance.bootstrap, instance.registry_url, space, instance.home.root)
    seconds = restarts.measure(kills)
    console.print(
        f"{space.prefix}* kill -9 to the first commit of a later event: median {median(seconds):.2f} s"
        f" ({', '.join(f'{one:.2f}' for one in seconds)})",
        highlight=False,
    )
    return {"seconds": seconds}


if __name__ == "__main__":
    typer.run(main)
