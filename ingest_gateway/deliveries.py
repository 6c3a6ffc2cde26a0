"""How the newest batches fared: Kafka may answer and still take nothing, as with too few replicas in sync."""

from typing import Final

FAILURES: Final = 3
"""So many batches given up in a row are no accident."""
REMEMBERED_S: Final = 10.0
"""After this long without another failure it is worth a try: nobody would send to what is never ready."""


class Deliveries:
    """Outcomes of published batches. All times are seconds of one clock."""

    def __init__(self) -> None:
        self.last_ack: float | None = None
        """When the newest acknowledged batch was."""
        self._failed_since = 0
        self._last_failure = 0.0

    @property
    def failing(self) -> bool:
        """Whether the newest batch was given up."""
        return self._failed_since > 0

    def ended(self, acknowledged: bool, now: float) -> None:
        """Take note of one batch."""
        if acknowledged:
            self.last_ack, self._failed_since = now, 0
        else:
            self._last_failure = now
            self._failed_since += 1

    def problem(self, now: float) -> str | None:
        """Why Kafka does not take records now, judged by the batches alone; None where they do not say so."""
        if self._failed_since < FAILURES or now - self._last_failure > REMEMBERED_S:
            return None
        return (
            f"Kafka answers, but the last {self._failed_since} batches were not acknowledged:"
            " see the brokers' logs, and whether enough replicas are in sync"
        )
