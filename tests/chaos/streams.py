"""`make chaos-streams`: a stream of events, faults at random, then every row against brute force.

    python -m tests.chaos.streams [--events N] [--faults N] [--seed N]

Events come with duplicates, late ones, bots and bytes that are no events, over two months of their own time
(`load.py`). Ends with a line `N passed, N failed`: the published tables, the dead letters, and that no worker
stopped for good. The seed is printed; the same seed plans the same events and faults (when exactly a fault
hits, the machine decides).
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console

from ops.provision import apply_schemas, apply_topics
from ops.runtime.kafka import ready
from schemas.topics import Namespace
from tests.chaos.faults import Broker, Scene, plan
from tests.chaos.fleet import PATIENCE_S, Fleet
from tests.chaos.judgement import Judgement, judge
from tests.chaos.load import Script, Stream, put_bots
from tests.chaos.progress import Progress
from tests.proxy import Links
from tests.services import Service, wait_until
from tests.stack import Stack, choose
from tests.stock_reader import StockReader
from tests.streams_pipeline import StreamsPipeline
from wire.clients import Cluster

SESSION_TIMEOUT_MS: Final = 10_000
SECONDS_A_PIECE: Final = 5.0
LONGEST_PAUSE_S: Final = 2.0
WORKERS: Final = ("first", "second")


@dataclass(frozen=True)
class Outcome:
    """What happened, and what was found afterwards."""

    faults: list[str]
    judgement: Judgement
    exits: Counter[int]

    @property
    def differences(self) -> dict[str, list[str]]:
        """By table; empty lists where all is right."""
        return self.judgement.differences

    @property
    def passed(self) -> int:
        return sum(not lines for lines in self.differences.values())

    @property
    def failed(self) -> int:
        return len(self.differences) - self.passed


class NativeBroker(Broker):
    """The stack's own Kafka."""

    def __init__(self, stack: Stack) -> None:
        if stack.instance is None:
            raise ValueError("chaos needs the native stack: it kills and restarts Kafka")
        self._instance = stack.instance

    def kill(self) -> None:
        os.kill(self._instance.pid("kafka"), signal.SIGKILL)
        ports = self._instance.state.ports
        wait_until(lambda: ready(ports), PATIENCE_S, lambda: "Kafka does not come back")

    def restart(self) -> None:
        self._instance.restart("kafka")


def run(stack: Stack, script: Script, faults: int, folder: Path, console: Console) -> Outcome:
    """One run on a namespace of its own."""
    space = Namespace(f"chaos{script.seed}-{int(time.time())}.")
    apply_topics(Cluster(stack.bootstrap), space)
    apply_schemas(stack.registry_url, space)
    pipeline = StreamsPipeline(
        stack.bootstrap, stack.registry_url, space.prefix, folder, session_timeout_ms=SESSION_TIMEOUT_MS
    )
    links = Links(int(stack.bootstrap.rpartition(":")[2]))
    fleet, progress = Fleet(partial(_linked, pipeline, links)), Progress(stack.bootstrap, space)
    try:
        stream = Stream(pipeline.topic, script, faults + 1, SECONDS_A_PIECE)
        nudge = partial(put_bots, pipeline.topic)
        scene = Scene(
            fleet, NativeBroker(stack), Random(script.seed), SESSION_TIMEOUT_MS / 1000, nudge, links
        )
        done = _harm(scene, stream, progress, faults, console)
        stream.finish()
        fleet.settle(set(WORKERS))
        progress.wait_done()
        with closing(StockReader(stack.bootstrap, stack.registry_url, space)) as reader:
            judgement = judge(reader, script)
        judgement.differences["workers at work"] = [
            f"{name} stopped for good: {fleet.tail(name)}" for name in fleet.loud_stops
        ]
        return Outcome(done, judgement, Counter(code for codes in fleet.exits.values() for code in codes))
    finally:
        fleet.end()
        links.close()
        pipeline.close()


def _linked(pipeline: StreamsPipeline, links: Links, name: str, instance_id: str) -> Service:
    link = str(links[name].port)
    return pipeline.worker(name, instance_id, "tests.linked_worker", TESTS_LINK=link)


def _harm(scene: Scene, stream: Stream, progress: Progress, faults: int, console: Console) -> list[str]:
    """Fault after fault, each once something was applied since the one before."""
    for name in WORKERS:
        scene.fleet.add(name)
    stream.start()
    done: list[str] = []
    applied = 0
    for fault in plan(scene.random, faults):
        stream.let_go()
        applied = progress.wait_beyond(applied)
        time.sleep(scene.random.uniform(0, LONGEST_PAUSE_S))
        done.append(fault(scene))
        console.print(f"{len(done):3} {done[-1]} (after {applied:,} records)")
        applied = progress.applied() or applied
    return done


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--faults", type=int, default=24)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    asked = parser.parse_args()
    console = Console()
    console.print(f"seed {asked.seed}: {asked.events:,} events, {asked.faults} faults")
    began = time.monotonic()
    script = Script(asked.seed, asked.events, time.time_ns() // 1_000_000)
    with choose() as stack, tempfile.TemporaryDirectory() as folder:
        outcome = run(stack, script, asked.faults, Path(folder), console)
    _report(outcome, asked, time.monotonic() - began, console)
    sys.stdout.write(f"{outcome.passed} passed, {outcome.failed} failed\n")
    return 1 if outcome.failed else 0


def _report(outcome: Outcome, asked: argparse.Namespace, seconds: float, console: Console) -> None:
    for table, lines in outcome.differences.items():
        rows = outcome.judgement.rows.get(table)
        compared = "" if rows is None else f" in {rows:,} rows"
        console.print(f"{table}: {len(lines)} differences{compared}", style="red" if lines else "green")
        for line in lines[:5]:
            console.print(f"  {line}")
    exits = ", ".join(f"{code}: {times}" for code, times in sorted(outcome.exits.items()))
    console.print(f"ends of workers by exit code (negative: signal): {exits}; {seconds:.0f} s in all")
    console.print(f"again: python -m tests.chaos.streams --seed {asked.seed}", end="")
    console.print(f" --events {asked.events} --faults {asked.faults}")


if __name__ == "__main__":
    sys.exit(main())
