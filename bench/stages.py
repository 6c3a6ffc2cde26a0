"""CPU time of parts of a service's work, one after the other in one thread, without sockets and servers."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

ROUNDS = 5


class Stage(NamedTuple):
    """A part of the way, and its CPU microseconds per event. `within`: the stage that contains it."""

    name: str
    microseconds: float
    within: str = ""


def cpu_seconds(work: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    """Of `work` on each of the inputs; the least of some rounds, since whatever else goes on only adds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        for one in inputs:
            work(one)
        rounds.append(time.thread_time() - began)
    return min(rounds)


def tell(
    title: str,
    facts: Mapping[str, str],
    measured: Mapping[str, Sequence[Stage]],
    json_file: Path | None,
) -> None:
    """A table, a column for each kind of input; also as JSON, where a file is named."""
    console = Console()
    for name, fact in facts.items():
        console.print(f"{name}: {fact}", highlight=False, markup=False)
    shown = Table(title=title)
    shown.add_column("stage")
    for column in measured:
        shown.add_column(column, justify="right")
    for row in zip(*measured.values(), strict=True):
        name = f"  of it: {row[0].name}" if row[0].within else row[0].name
        shown.add_row(name, *(f"{stage.microseconds:.1f}" for stage in row))
    console.print(shown)
    if json_file is not None:
        runs = {column: {stage.name: stage.microseconds for stage in row} for column, row in measured.items()}
        json_file.write_text(json.dumps({"machine": dict(facts), "stages": runs}, indent=2) + "\n")
