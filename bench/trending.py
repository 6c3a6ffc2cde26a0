"""`python -m bench.trending`: how long a worker takes to tell what trends, among a million perfumes.

The agent's own tables and live read, in one process, without Kafka and HTTP; CPU time.
Beside each answer a scan of all rows, which the order of ranks spares; the two must tell the same scores.
"""

import heapq
import json
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.table import Table as Shown

from bench.machine import facts
from schemas import avro_schemas
from schemas.topics import PERFUME_ACTIVITY
from stream_processors.engine.table import Table
from stream_processors.live.perfumes import LivePerfumes
from stream_processors.perfumes import windows
from stream_processors.perfumes.agent import RANKED_AT_A_TIME, Encoders, PerfumeAgent
from stream_processors.perfumes.row import PERFUME_ROW, PerfumeRow, trend_of
from wire.codec import Decoder, Encoder
from wire.errors import UnknownSchema
from wire.partitions import check_home, home_partition

HOUR = windows.HOUR_MS
NOW = 500_000 * HOUR
NEWEST = NOW // HOUR
ASKED, PLACED = 50, 20_000
SCHEMA_ID = 1
PUBLIC = ("perfume_stats", "affinity", "recommendation_feedback")
PACKAGES = ("msgpack", "sortedcontainers", "datasketches")

console = Console(stderr=True, width=110)


class Catalogue(NamedTuple):
    """How the weights of perfumes lie; `hours` gives those of the perfume with a number."""

    name: str
    text: str
    hours: Callable[[Random, int], dict[int, int]]


def _skewed(random: Random, number: int) -> dict[int, int]:
    most = 1 + 2_000_000 // (number + 1)
    return {NEWEST - random.randrange(336): random.randint(1, most) for _ in range(random.randint(1, 12))}


def _spiked(random: Random, number: int) -> dict[int, int]:
    since = {NEWEST - random.randrange(300): 1} if number % 2 else {}
    return {NEWEST - 335: random.randint(1_000, 100_000), **since}


CATALOGUES = (
    Catalogue("skewed", "few perfumes have most of the weight, each in up to 12 hours", _skewed),
    Catalogue("tied", "one view each, all in the same hour", lambda _random, _number: {NEWEST: 1}),
    Catalogue("spiked", "a spike that leaves the 14 days next, and one view since or none", _spiked),
)


class ShippedSchemas:
    """Stands for a registry that has the schemas of this version only."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        """Raises UnknownSchema."""
        if schema_id != SCHEMA_ID:
            raise UnknownSchema(f"no schema {schema_id} here")
        return avro_schemas.schema("perfume_activity")


class Worker:
    """The perfume agent's tables of all partitions, and a clock."""

    def __init__(self, catalogue: Catalogue, perfumes: int) -> None:
        self.now = NOW
        random = Random(1)
        parts: list[dict[str, bytes]] = [{} for _ in range(PERFUME_ACTIVITY.partitions)]
        for number in range(perfumes):
            row = PerfumeRow(events=1, as_of=NOW, hours=catalogue.hours(random, number))
            parts[number % len(parts)][f"perfume-{number:07}"] = PERFUME_ROW.pack(row)
        self._agent = PerfumeAgent(
            Decoder("perfume_activity", ShippedSchemas()).decode,
            Encoders(*(Encoder(name, SCHEMA_ID).encode for name in PUBLIC)),
            partial(check_home, PERFUME_ACTIVITY),
            lambda: self.now,
        )
        began = time.process_time()
        self._tables: list[Table[PerfumeRow]] = [Table(self._agent.tables[0], part) for part in parts]
        self.loading_s = time.process_time() - began
        self._live = LivePerfumes(
            lambda number: (self._tables[number],),
            partial(home_partition, PERFUME_ACTIVITY),
            len(parts),
            lambda: self.now,
        )

    def trending(self, limit: int) -> list[float]:
        """The scores that a live read tells."""
        return [row["trending_score"] for row in self._live.trending(limit)["perfumes"]]

    def scanned(self, limit: int) -> list[float]:
        """The same from all rows."""
        packed = (row for table in self._tables for row in table.committed.values())
        best = heapq.nlargest(limit, (trend_of(row).score_at(self.now) for row in packed))
        return [score for score in best if score > 0]

    def tick(self, number: int) -> None:
        """What the engine does for a partition every flush interval."""
        self._agent.tick(SimpleNamespace(tables=(self._tables[number],)), 0)

    def place(self, at: int) -> None:
        """A row lands after an event: it moves up to the first few."""
        number = at % len(self._tables)
        self._tables[number].rank(f"perfume-{number + 8 * (at % 997):07}", NEWEST / 48 + at / 1e3, None)

    def ticks(self) -> int:
        """How many until every rank of the largest partition was looked at."""
        return max(len(table.committed) for table in self._tables) // RANKED_AT_A_TIME + 1

    def partitions(self) -> int:
        return len(self._tables)


def measure(catalogue: Catalogue, perfumes: int) -> dict[str, Any]:
    """All figures of one catalogue: CPU milliseconds, but for the names that say otherwise."""
    worker = Worker(catalogue, perfumes)
    found: dict[str, Any] = {"catalogue": catalogue.name, "perfumes": perfumes, "loading_s": worker.loading_s}
    found |= {f"top_{limit}": _median_ms(worker.trending, limit) for limit in (20, 1_000)}
    worker.now += HOUR
    ticks = [_ms(worker.tick, number) for _ in range(worker.ticks()) for number in range(worker.partitions())]
    found |= {"catching_up_s": sum(ticks) / 1_000, "longest_tick": max(ticks)}
    found |= {f"top_{limit}_an_hour_later": _median_ms(worker.trending, limit) for limit in (20, 1_000)}
    found["scan"] = _ms(worker.scanned, 20)
    found["wrong"] = sum(_differ(worker.trending(limit), worker.scanned(limit)) for limit in (20, 1_000))
    found["placing_us"] = sum(_ms(worker.place, at) for at in range(PLACED)) / PLACED * 1_000
    return found


def _differ(told: list[float], expected: list[float]) -> bool:
    return len(told) != len(expected) or any(
        abs(one - other) > 1e-9 * other for one, other in zip(told, expected, strict=True)
    )


def _median_ms(work: Callable[[int], object], argument: int) -> float:
    return median(_ms(work, argument) for _ in range(ASKED))


def _ms(work: Callable[[int], object], argument: int) -> float:
    began = time.process_time()
    work(argument)
    return (time.process_time() - began) * 1_000


def _show(results: Sequence[Mapping[str, Any]]) -> None:
    shown = Shown(title="milliseconds of CPU in the worker (median), unless said otherwise")
    names = [name for name in results[0] if name != "catalogue"]
    shown.add_column("")
    for result in results:
        shown.add_column(result["catalogue"], justify="right")
    for name in names:
        values = [f"{result[name]:,.3g}" if name != "perfumes" else f"{result[name]:,}" for result in results]
        shown.add_row(name.replace("_", " "), *values)
    console.print(shown)


def main(
    perfumes: Annotated[int, typer.Option(min=1_000, help="How many perfumes.")] = 1_000_000,
    json_file: Annotated[Path | None, typer.Option("--json", help="All figures as JSON.")] = None,
) -> None:
    """Measure; exit code 1 when an answer is not what a scan finds."""
    results = [measure(catalogue, perfumes) for catalogue in CATALOGUES]
    _show(results)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"largest size of the process: {memory:,.0f} MiB")
    if json_file is not None:
        told = {"machine": dict(facts(PACKAGES)), "memory_mib": memory, "runs": results}
        json_file.write_text(json.dumps(told, indent=2) + "\n")
    raise typer.Exit(any(result["wrong"] for result in results))


if __name__ == "__main__":
    typer.run(main)
