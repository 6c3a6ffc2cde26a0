"""Errors of the stream processor.

StreamsError
├── Refused    this record cannot be applied: dead-letter it, go on
├── Fenced     a successor writes this partition now: a fresh process asks for its share
├── Expelled   Kafka gave this worker up (frozen, or cut off): a fresh process asks for its share
├── Stuck      this worker gets nowhere, and nobody ended it: a fresh process may
└── LoudStop   going on would do damage: stop, and stay stopped until a person has looked (exit code 78)
    └── UnreadableRow  changelog bytes that this version cannot read: going on would count anew from nothing
"""

from schemas.reasons import Reason

EXIT_RESTART = 70
"""Any other error: the supervisor starts a fresh process (EX_SOFTWARE of sysexits.h)."""

EXIT_LOUD_STOP = 78
"""Not to be restarted (EX_CONFIG of sysexits.h)."""


class StreamsError(Exception):
    """Base of all."""


class Refused(StreamsError):
    """The record is dead-lettered with `reason`."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Fenced(StreamsError):
    """Kafka refuses this writer: another was started for its partition, or its transaction took too long."""


class Expelled(StreamsError):
    """Others may own the partitions by now."""


class Stuck(StreamsError):
    """Records wait, or a rebalance goes on, for longer than it ever should."""


class LoudStop(StreamsError):
    """The message says what was found and what to do."""


class UnreadableRow(LoudStop):
    """Another version wrote the row, or it is damaged."""
