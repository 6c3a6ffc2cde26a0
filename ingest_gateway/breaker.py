"""The circuit breaker before Kafka: whether a batch is sent there first, or straight to the spool.

Closed: Kafka is asked. Open: it did not answer in time, or refused to take records; asking it again would
only make the next visitor wait as well. Every acknowledgement closes it.
"""


class Breaker:
    """Pure. All times are seconds of one clock."""

    def __init__(self) -> None:
        self.why: str | None = None
        """What opened it; None while it is closed."""
        self.since = 0.0
        """When it last opened."""
        self.opened = 0
        """How often it opened."""
        self.last_ack: float | None = None
        """When Kafka last acknowledged something."""
        self.acknowledgements = 0
        """How often it did."""

    @property
    def open(self) -> bool:
        """Whether batches go straight to the spool."""
        return self.why is not None

    def acknowledged(self, now: float) -> None:
        """Kafka has taken something."""
        self.why = None
        self.last_ack = now
        self.acknowledgements += 1

    def trip(self, why: str, now: float) -> None:
        """Kafka takes nothing now, as far as can be told."""
        if self.why is None:
            self.since = now
            self.opened += 1
        self.why = why
