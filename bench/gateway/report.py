"""What was measured, as a table for people and as plain values for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

from bench.gateway.contestants import FLOOR, LIMIT, NAIVE, OURS, Contestant
from bench.gateway.run import Measured

PERCENTILES = ("p50", "p99", "p99.9")


@dataclass(frozen=True, slots=True)
class Result:
    """One program on requests of `batch` events, in one round."""

    contestant: Contestant
    batch: int
    round: int
    load_average: float
    measured: Measured

    @property
    def per_cpu_second(self) -> float:
        return self.measured.saturated.per_cpu_second

    def as_object(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        saturated = self.measured.saturated
        return {
            "program": self.contestant.name,
            "batch": self.batch,
            "round": self.round,
            "load_average_before": round(self.load_average, 2),
            "events_per_second": round(saturated.per_second),
            "events_per_cpu_second": round(saturated.per_cpu_second),
            **{name: value for name, value in asdict(self.measured).items() if name != "saturated"},
        }


def document(facts: Mapping[str, str], results: Sequence[Result]) -> dict[str, Any]:
    """Everything, as one JSON object."""
    return {
        "machine": dict(facts),
        "programs": {result.contestant.name: result.contestant.work for result in results},
        "runs": [result.as_object() for result in results],
        "ratios_per_cpu_second": [
            {"batch": batch, "to": peer.name, "by_round": [round(ratio, 3) for ratio in ratios]}
            for batch, peer, ratios in ratios_of(results)
        ],
    }


def table(results: Sequence[Result]) -> Table:
    """One line for each kind of request and program: medians over the rounds, single figures in brackets."""
    shown = Table(title="one process each; ms at half of saturation, from the moment a request was due")
    shown.add_column("events")
    shown.add_column("program")
    for heading in (
        "events/s",
        "per CPU s",
        *PERCENTILES,
        "requests/s",
        "MB",
        "refused",
        "spooled",
        "missing",
    ):
        shown.add_column(heading, justify="right")
    for runs in _grouped(results):
        measured = [run.measured for run in runs]
        shown.add_row(
            str(runs[0].batch),
            runs[0].contestant.name,
            _cell([one.saturated.per_second for one in measured]),
            _cell([one.saturated.per_cpu_second for one in measured]),
            *(f"{median(one.half.latency_ms[name] for one in measured):.1f}" for name in PERCENTILES),
            f"{median(one.rate for one in measured):,.0f}",
            f"{median(one.resident_bytes for one in measured) / 1e6:.0f}",
            str(sum(one.refused for one in measured)),
            str(sum(one.spooled for one in measured)),
            str(sum(abs(one.missing) for one in measured)),
        )
    return shown


def ratios_of(results: Sequence[Result]) -> Iterator[tuple[int, Contestant, list[float]]]:
    """Ours to each peer in events per CPU second, round by round, so that both had the same weather."""
    by_place = {(one.contestant, one.batch, one.round): one.per_cpu_second for one in results}
    rounds = sorted({one.round for one in results})
    for batch in sorted({one.batch for one in results}):
        for peer in (NAIVE, LIMIT, FLOOR):
            pairs = [(by_place.get((OURS, batch, n)), by_place.get((peer, batch, n))) for n in rounds]
            ratios = [ours / theirs for ours, theirs in pairs if ours and theirs]
            if ratios:
                yield batch, peer, ratios


def _grouped(results: Sequence[Result]) -> Iterator[list[Result]]:
    found: dict[tuple[int, str], list[Result]] = {}
    for result in results:
        found.setdefault((result.batch, result.contestant.name), []).append(result)
    for key in sorted(found, key=lambda key: key[0]):
        yield found[key]


def _cell(figures: Sequence[float]) -> str:
    single = f" ({', '.join(_thousands(figure) for figure in figures)})" if len(figures) > 1 else ""
    return _thousands(median(figures)) + single


def _thousands(figure: float) -> str:
    return f"{figure / 1000:.1f}k"
