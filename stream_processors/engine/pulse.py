"""Whether this process was awake all the time: one that slept through its session owns nothing any more.

Kafka gives a member's partitions away when it is silent for longer than its session timeout. A process that
was frozen that long (SIGSTOP, a suspended machine) wakes up with rows that may be another's by now, and would
show them before it hears of it.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NoReturn

from stream_processors.errors import SleptThrough

BEAT_S: Final = 0.5


class Pulse:
    """`timeout`: seconds without a beat after which the session may be over. `clock`: monotonic seconds."""

    def __init__(self, timeout: float, clock: Callable[[], float]) -> None:
        self._timeout = timeout
        self._clock = clock
        self._last = clock()

    async def keep(self, owning: Callable[[], bool]) -> NoReturn:
        """Beat as long as the event loop runs. Raises SleptThrough where it did not while `owning`."""
        while True:
            if owning() and self.lost:
                raise SleptThrough("nothing ran for longer than the session lasts: others may own the rows")
            self.beat()
            await asyncio.sleep(BEAT_S)

    def beat(self) -> None:
        """Note that the process is awake."""
        self._last = self._clock()

    @property
    def lost(self) -> bool:
        """Whether the last beat is too long ago."""
        return self._clock() - self._last > self._timeout
