"""Whether the sink is alive and does its work; written by the loop, read by the probes' thread."""

from collections.abc import Callable

STUCK_AFTER_S = 60.0


class Health:
    """Alive while the loop turns; ready while nothing keeps it from storing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` in seconds, monotonic."""
        self._clock = clock
        self._turned = clock()
        self._obstacle: str | None = "starting: waiting for partitions"

    def turn(self) -> None:
        """The loop came round."""
        self._turned = self._clock()

    def ready(self) -> None:
        """Partitions are placed and the last flush, if any, went through."""
        self._obstacle = None

    def unready(self, obstacle: str) -> None:
        """Say what is in the way."""
        self._obstacle = obstacle

    def not_alive(self) -> str | None:
        """Why the process should be looked at; None while it is alive."""
        silent = self._clock() - self._turned
        return f"the loop has not come round for {silent:.0f} s" if silent > STUCK_AFTER_S else None

    def not_ready(self) -> str | None:
        """What is in the way; None while nothing is."""
        return self._obstacle or self.not_alive()
