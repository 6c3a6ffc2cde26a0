"""What was measured, as a table for people and as plain values for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.table import Table

from bench.streams.contestants import Contestant
from bench.streams.load import Load
from bench.streams.samples import Speed


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one program. `whole`: from its first commit on; `later`: from half of the work on."""

    contestant: Contestant
    load: Load
    round: int
    events: int
    whole: Speed
    later: Speed
    load_average: float
    differences: Mapping[str, int]

    def as_object(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "program": self.contestant.name,
            "load": self.load.name,
            "round": self.round,
            "events": self.events,
            "whole": _speed(self.whole),
            "later_half": _speed(self.later),
            "load_average_before": round(self.load_average, 2),
            "differences": dict(self.differences),
        }


def document(facts: Mapping[str, str], results: Sequence[Result]) -> dict[str, Any]:
    """Everything, as one JSON object."""
    loads = {result.load.name: result.load.text for result in results}
    programs = {result.contestant.name: result.contestant.work for result in results}
    return {
        "machine": dict(facts),
        "loads": loads,
        "programs": programs,
        "runs": [result.as_object() for result in results],
    }


def table(results: Sequence[Result]) -> Table:
    """One line a load and program: the median over the rounds, and the single figures behind it."""
    shown = Table(title="events/s, and events per CPU second of the worker (median; rounds in brackets)")
    shown.add_column("load")
    shown.add_column("program")
    for heading in ("events", "events/s", "per CPU s", "later half: events/s", "per CPU s", "wrong"):
        shown.add_column(heading, justify="right")
    for runs in _grouped(results):
        shown.add_row(
            runs[0].load.name,
            runs[0].contestant.name,
            f"{runs[0].events:,}",
            _cell([run.whole.per_second for run in runs]),
            _cell([run.whole.per_cpu_second for run in runs]),
            _cell([run.later.per_second for run in runs]),
            _cell([run.later.per_cpu_second for run in runs]),
            str(sum(abs(wrong) for run in runs for wrong in run.differences.values())),
        )
    return shown


def _grouped(results: Sequence[Result]) -> Iterator[list[Result]]:
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        found.setdefault((result.load.name, result.contestant.name), []).append(result)
    for key in sorted(found, key=lambda key: key[0], reverse=True):
        yield found[key]


def _cell(figures: Sequence[float]) -> str:
    single = f" ({', '.join(_thousands(figure) for figure in figures)})" if len(figures) > 1 else ""
    return _thousands(median(figures)) + single


def _thousands(figure: float) -> str:
    return f"{figure / 1000:.1f}k"


def _speed(speed: Speed) -> dict[str, float]:
    return {
        "events": round(speed.events),
        "seconds": round(speed.seconds, 3),
        "cpu_seconds": round(speed.cpu, 2),
        "events_per_second": round(speed.per_second),
        "events_per_cpu_second": round(speed.per_cpu_second),
    }
