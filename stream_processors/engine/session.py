"""Whether Kafka still counts this worker among its consumer group: only then are its partitions its own.

Kafka gives a member's partitions away when it has not heard from it for longer than its session lasts. The
worker need not notice: it may be frozen (SIGSTOP, a suspended machine), or cut off while its clocks run. So
what proves a session is a heartbeat that Kafka answered, counted from when it was sent.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple, Optional

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def seconds() -> float:
    """Monotonic seconds that go on while the machine is suspended, where it has such a clock."""
    return time.clock_gettime(_CLOCK)


class Session:
    """`timeout`: seconds without a heartbeat after which Kafka gives the partitions away."""

    def __init__(self, timeout: float, clock: Callable[[], float] = seconds) -> None:
        self.timeout = timeout
        self.clock = clock
        self._lived_at = -math.inf

    def renewed(self, sent_at: float) -> None:
        """Kafka took a heartbeat that was sent then (by `clock`). May be called from any thread."""
        self._lived_at = sent_at

    @property
    def lapsed(self) -> bool:
        """Whether the partitions may be another's by now."""
        return self.clock() - self._lived_at > self.timeout


class Membership(NamedTuple):
    """One generation of a consumer group, as one of its members sees it."""

    member_id: str
    generation: int

    def follows(self, before: Optional["Membership"]) -> bool:
        """Whether no other generation lies between: what this member held, nobody else had meanwhile.

        A member that Kafka gave up comes back under another id, a static one into the same generation even.
        """
        return before is not None and self == (before.member_id, before.generation + 1)
