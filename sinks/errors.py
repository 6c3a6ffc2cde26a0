"""Errors of the sink, and what each leads to.

SinkError
├── RowRefused     PostgreSQL refuses a row of the batch: find it, dead-letter it, store the rest
├── Unavailable    PostgreSQL or Kafka does not answer: forget the batch, back off, read it again
├── Fenced         another sink has moved our offsets: exit, the supervisor starts a fresh process
└── LoudStop       going on would lose or repeat data: stop until a person has looked
"""

EXIT_RESTART = 70
"""Any error that a fresh process gets over (EX_SOFTWARE of sysexits.h)."""

EXIT_LOUD_STOP = 78
"""Not to be restarted (EX_CONFIG of sysexits.h)."""


class SinkError(Exception):
    """Base of all."""


class RowRefused(SinkError):
    """The message is PostgreSQL's; which row it was is for the bisection to find."""


class Unavailable(SinkError):
    """The message says who did not answer."""


class Fenced(SinkError):
    """The offsets in the database are not where this process left them."""


class LoudStop(SinkError):
    """The message says what was found and what to do."""
