"""The events of a chaos run: with duplicates, late ones, bots, and bytes that are no events.

Everything follows from the seed and the moment that stands for "now", so the events that count need not be
remembered: they are made again when the rows are judged.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from schemas import limits
from schemas.topics import INTERACTIONS
from tests.interactions import InteractionTopic, interactions

LATE_BY_MS: Final = 2 * limits.LATE_HORIZON_MS
DUPLICATE, LATE, POISON = 0.02, 0.005, 0.002
EVENTS_A_SESSION: Final = 20
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One event, how often it is sent, and whether it counts; `poison`: bytes to send after it."""

    event: dict[str, Any]
    times: int
    late: bool
    poison: tuple[int, bytes] | None


@dataclass(frozen=True, slots=True)
class Script:
    """What is sent."""

    seed: int
    events: int
    now_ms: int

    def steps(self) -> Iterator[Step]:
        """The same ones each time."""
        random = Random(self.seed)
        made = interactions(
            self.seed, self.events, max(10, self.events // EVENTS_A_SESSION), now_ms=self.now_ms
        )
        for event in made:
            late = random.random() < LATE
            times = 2 if random.random() < DUPLICATE else 1
            poison = None
            if random.random() < POISON:
                poison = random.randrange(INTERACTIONS.partitions), b"\xff" + random.randbytes(20)
            sent = event | {"occurred_at": event["received_at"] - LATE_BY_MS} if late else event
            yield Step(sent, times, late, poison)

    def counted(self) -> Iterator[Mapping[str, Any]]:
        """The events of which the rows are made: each once, none of the late ones."""
        return (step.event for step in self.steps() if not step.late)

    def letters(self) -> Counter[str]:
        """How many dead letters there must be, by reason."""
        letters: Counter[str] = Counter()
        for step in self.steps():
            letters["undecodable"] += step.poison is not None
            letters["late"] += step.times * (step.late and not step.event["is_bot"])
        return letters


class Stream(threading.Thread):
    """Writes the script piece by piece; a piece begins when it is let go, and takes some seconds.

    `pieces`: into how many equal parts the script is cut. What goes wrong is raised by `finish`.
    """

    def __init__(self, topic: InteractionTopic, script: Script, pieces: int, seconds_a_piece: float) -> None:
        super().__init__(daemon=True)
        self._topic, self._script = topic, script
        self._piece = -(-script.events // pieces)
        self._pause = seconds_a_piece * CHUNK / self._piece
        self._free = threading.Semaphore(0)
        self._failure: BaseException | None = None

    def let_go(self) -> None:
        """The next piece may be written."""
        self._free.release()

    def finish(self) -> None:
        """Let go of all that is left, wait until Kafka has it; raises what went wrong on the way."""
        self._pause = 0.0
        self._free.release(self._script.events)
        self.join()
        if self._failure is not None:
            raise self._failure

    def run(self) -> None:
        try:
            for at, step in enumerate(self._script.steps()):
                if at % self._piece == 0:
                    self._free.acquire()
                if at % CHUNK == 0:
                    self._topic.poll()
                    time.sleep(self._pause)
                self._write(step)
            self._topic.flush(600.0)
        except BaseException as failure:  # handed to whoever finishes
            self._failure = failure

    def _write(self, step: Step) -> None:
        self._topic.put_event(step.event, step.times)
        if step.poison is not None:
            partition, data = step.poison
            self._topic.put_bytes(b"poison", data, partition)
