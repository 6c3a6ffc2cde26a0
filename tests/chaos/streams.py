"""`make chaos-streams`: a stream of events, faults at random, then every row against brute force.

    python -m tests.chaos.streams [--events N] [--faults N] [--seed N]

Events come with duplicates, late ones, bots and bytes that are no events. Ends with a line
`N passed, N failed`: the published tables, plus the dead letters. The seed is printed; the same seed plans
the same events and faults (when exactly a fault hits, the machine decides).
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress

from ops.provision import apply_schemas, apply_topics
from schemas import limits
from schemas.topics import DEAD_LETTER, Namespace
from tests.chaos.faults import Broker, Scene, plan
from tests.chaos.fleet import Fleet
from tests.interactions import InteractionTopic, interactions
from tests.stack import Stack, choose
from tests.streams_pipeline import PUBLIC, StreamsPipeline
from wire.clients import Cluster

SESSION_TIMEOUT_MS: Final = 6_000
PACE_S: Final = (3.0, 7.0)
SETTLE_S: Final = 180.0
CHUNK: Final = 500
LATE_BY_MS: Final = 2 * limits.LATE_HORIZON_MS
DUPLICATE, LATE, POISON = 0.02, 0.005, 0.002


@dataclass(frozen=True)
class Outcome:
    """What was found afterwards. `differences`: by table, a line each."""

    seed: int
    faults: list[str]
    differences: Mapping[str, list[str]]
    exits: Mapping[str, list[int]]

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

    def restart(self) -> None:
        self._instance.restart("kafka")


def run(stack: Stack, events: int, faults: int, seed: int, folder: Path, console: Console) -> Outcome:
    """One run on a namespace of its own."""
    space = Namespace(f"chaos{seed}-{int(time.time())}.")
    apply_topics(Cluster(stack.bootstrap), space)
    apply_schemas(stack.registry_url, space)
    pipeline = StreamsPipeline(
        stack.bootstrap, stack.registry_url, space.prefix, folder, session_timeout_ms=SESSION_TIMEOUT_MS
    )
    fleet = Fleet(pipeline.worker)
    try:
        poison = _Stream(pipeline.topic, events, seed, faults * sum(PACE_S) / 2)
        done = _harm(fleet, NativeBroker(stack), poison, Random(seed), faults, console)
        poison.join()
        fleet.settle({"first", "second"}, lambda name: name)
        differences = _settled(pipeline, poison.poisoned, console)
        if fleet.loud_stops():
            differences["no loud stop"] = [f"{name} stopped for good" for name in fleet.loud_stops()]
        return Outcome(seed, done, differences, fleet.exits)
    finally:
        fleet.end()
        pipeline.registry.close()


def _harm(
    fleet: Fleet, broker: Broker, stream: "_Stream", random: Random, faults: int, console: Console
) -> list[str]:
    fleet.add("first")
    fleet.add("second")
    scene = Scene(fleet, broker, random, SESSION_TIMEOUT_MS / 1000)
    stream.start()
    done = []
    with Progress(console=console) as progress:
        task = progress.add_task("faults", total=faults)
        for fault in plan(random, faults):
            time.sleep(random.uniform(*PACE_S))
            done.append(fault(scene))
            progress.console.print(f"  {done[-1]}")
            progress.advance(task)
    return done


class _Stream(threading.Thread):
    """Writes the events, spread over the time that the faults take."""

    def __init__(self, topic: InteractionTopic, events: int, seed: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._topic, self._events, self._seed, self._seconds = topic, events, seed, seconds
        self.poisoned = 0

    def run(self) -> None:
        random = Random(self._seed)
        source = self._with_lates(random)
        began, sent = time.monotonic(), 0
        while chunk := list(islice(source, CHUNK)):
            for event in chunk:
                self._topic.put_event(event, times=2 if random.random() < DUPLICATE else 1)
                if random.random() < POISON:
                    self._topic.put_bytes(b"poison", random.randbytes(20), partition=random.randrange(8))
                    self.poisoned += 1
            sent += len(chunk)
            self._topic.poll()
            time.sleep(max(0.0, began + self._seconds * sent / self._events - time.monotonic()))
        self._topic.flush(120.0)

    def _with_lates(self, random: Random) -> Iterator[dict[str, Any]]:
        for event in interactions(self._seed, self._events, max(10, self._events // 20)):
            late = random.random() < LATE
            yield event | {"occurred_at": event["received_at"] - LATE_BY_MS} if late else event


def in_time(event: Mapping[str, Any]) -> bool:
    """Whether an event of this stream counts: its late ones are late by days."""
    return bool(event["occurred_at"] > event["received_at"] - limits.LATE_HORIZON_MS)


def _settled(pipeline: StreamsPipeline, poisoned: int, console: Console) -> dict[str, list[str]]:
    deadline = time.monotonic() + SETTLE_S
    with console.status("waiting for the last events, comparing every row"):
        while True:
            found = pipeline.differences(in_time)
            letters = _letters(pipeline, poisoned)
            if (not found and not letters) or time.monotonic() > deadline:
                break
    by_table = {topic.name: [line for line in found if line.startswith(f"{topic.name} ")] for topic in PUBLIC}
    return by_table | {"dead letters": letters}


def _letters(pipeline: StreamsPipeline, poisoned: int) -> list[str]:
    """Each bad record has exactly one letter: dead letters are written in the same transactions."""
    letters = [letter["reason"] for letter in pipeline.values(DEAD_LETTER)]
    undecodable = sum(reason in ("undecodable", "unknown_schema") for reason in letters)
    wrong = [f"{poisoned} poisoned records, {undecodable} letters"] if undecodable != poisoned else []
    if "processor_error" in letters:
        wrong.append("a reducer failed")
    return wrong


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    asked = parser.parse_args()
    console = Console()
    console.print(f"seed {asked.seed}: {asked.events:,} events, {asked.faults} faults")
    with choose() as stack, tempfile.TemporaryDirectory() as folder:
        outcome = run(stack, asked.events, asked.faults, asked.seed, Path(folder), console)
    for table, lines in outcome.differences.items():
        console.print(f"{table}: {len(lines)} differences", style="red" if lines else "green")
        for line in lines[:5]:
            console.print(f"  {line}")
    console.print(f"exit codes of the workers: {dict(outcome.exits)}")
    if outcome.failed:
        console.print(f"again: python -m tests.chaos.streams --seed {outcome.seed}")
    sys.stdout.write(f"{outcome.passed} passed, {outcome.failed} failed\n")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
