"""The events of a chaos run: with duplicates, late ones, bots, and bytes that are no events.

They came in over two months, the last fifth of them within the last minutes. Most sessions take a few hours;
some wander through all the time, with hours and days between their events: they are closed and opened again,
and refused once they were quiet for three days, until they are forgotten.

Everything follows from the seed and the moment that stands for "now", so the events that count need not be
remembered: they are made again when the rows are judged.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from schemas import limits
from schemas.topics import INTERACTIONS
from tests.interactions import HOUR_MS, InteractionTopic, interactions

LATE_BY_MS: Final = 2 * limits.LATE_HORIZON_MS
DAY_MS: Final = 24 * HOUR_MS
BEGAN_MS, BEFORE_MS, LATELY_MS = 60 * DAY_MS, 2 * DAY_MS, 5 * 60_000
"""How long ago the first event came in, the last of the old ones, and the first of the new ones."""
NEW: Final = 0.2
BLOCKS: Final = 500
"""Most sessions live within one of so many stretches."""
WANDERING: Final = 0.1
DUPLICATE, LATE, POISON = 0.02, 0.005, 0.002
EVENTS_A_SESSION: Final = 20
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One event, and how often it is sent; `poison`: bytes to send after it."""

    event: dict[str, Any]
    times: int
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
        for number, event in enumerate(made):
            times = 2 if random.random() < DUPLICATE else 1
            poison = None
            if random.random() < POISON:
                poison = random.randrange(INTERACTIONS.partitions), b"\xff" + random.randbytes(20)
            event["session_id"] = self._session(random, number)
            received_at = self._received_at(number)
            age = LATE_BY_MS if random.random() < LATE else event["received_at"] - event["occurred_at"]
            event |= {"received_at": received_at, "occurred_at": received_at - age}
            yield Step(event, times, poison)

    def sent(self) -> Iterator[Mapping[str, Any]]:
        """The events as they are in the topic, in this order within each partition."""
        for step in self.steps():
            for _ in range(step.times):
                yield step.event

    def poisons(self) -> int:
        """How many of the records are no events."""
        return sum(step.poison is not None for step in self.steps())

    def _received_at(self, number: int) -> int:
        old = round(self.events * (1 - NEW))
        if number < old:
            return self.now_ms - BEGAN_MS + (BEGAN_MS - BEFORE_MS) * number // old
        return self.now_ms - LATELY_MS + LATELY_MS * (number - old) // (self.events - old)

    def _session(self, random: Random, number: int) -> str:
        if random.random() < WANDERING:
            wanderers = max(5, round(self.events * WANDERING / EVENTS_A_SESSION))
            return f"w{self.seed}-{random.randrange(wanderers)}"
        in_block = max(1, self.events // BLOCKS // EVENTS_A_SESSION)
        return f"s{self.seed}-{number * BLOCKS // self.events}-{random.randrange(in_block)}"


def put_bots(topic: InteractionTopic) -> None:
    """Events of bots, of the year 1970, into every partition: they change no row and tell no time."""
    for event in interactions(0, 50, 50, now_ms=HOUR_MS):
        topic.put_event(event | {"is_bot": True})
    topic.poll()


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
