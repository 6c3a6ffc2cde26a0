"""From samples of a running program to its speed: plain arithmetic, the same for every program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.streams.errors import TooFewCommits


class Sample(NamedTuple):
    """One look from outside: seconds, offsets committed over all sources, CPU seconds of the process."""

    at: float
    committed: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Over a stretch between two commits: events, wall seconds, CPU seconds."""

    events: float
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.events / self.cpu


def speed(samples: Sequence[Sample], events: int, after: float = 0.0) -> Speed:
    """From the first commit that reaches the part `after` (0 to 1) of all work to the last commit.

    A program with several sources has done all its work when all are committed: progress is told in parts of
    that, and scaled to `events`. Both ends are commits seen, so neither start-up nor a trailing flush
    interval is in it. Raises TooFewCommits.
    """
    total = samples[-1].committed
    last = next(sample for sample in samples if sample.committed == total)
    first = next(sample for sample in samples if sample.committed > after * total)
    if first.at >= last.at or first.cpu >= last.cpu:
        raise TooFewCommits(
            f"all was committed within {last.at - first.at:.2f} s of the first commit looked at:"
            " measure with more --events"
        )
    done = (last.committed - first.committed) / total * events
    return Speed(done, last.at - first.at, last.cpu - first.cpu)
