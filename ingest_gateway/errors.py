"""Errors of the gateway.

GatewayError
├── Refusal          the request is refused; its reason decides the status (`answers.STATUS`)
│   ├── NotJson      the body is not JSON, from a known position on
│   ├── RateLimited  this caller sends too much; it may try again later
│   └── Unavailable  Kafka does not take events now; the client may try again
├── Dropped          the request is in order, but nothing of it may be kept
├── ClientGone       nobody is left to answer
└── Misconfigured    the process must not run with these settings
"""

from enum import StrEnum

from schemas.reasons import Reason


class Drop(StrEnum):
    """Why a good request leaves nothing behind."""

    ANALYTICS_DISABLED = "analytics_disabled"
    OPTED_OUT = "opted_out"


class GatewayError(Exception):
    """Base of all."""


class Refusal(GatewayError):
    """The whole request is refused. The message is for the caller."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class NotJson(Refusal):
    """The body is not JSON; `position` is the first byte, or character, that cannot be."""

    def __init__(self, position: int, message: str, reason: Reason = Reason.NOT_JSON) -> None:
        super().__init__(reason, message)
        self.position = position


class RateLimited(Refusal):
    """A key or an address is over its limit; `retry_after_s` seconds later it has a request again."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(Reason.RATE_LIMITED, message)
        self.retry_after_s = retry_after_s


class Unavailable(Refusal):
    """Kafka has not acknowledged, or cannot be asked."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.UNAVAILABLE, message)


class Dropped(GatewayError):
    """Analytics is off, or the visitor said no."""

    def __init__(self, why: Drop) -> None:
        super().__init__(why.value)
        self.why = why


class ClientGone(GatewayError):
    """The client closed the connection before its request was complete."""


class Misconfigured(GatewayError):
    """A setting is missing or wrong. The message names it and says what to set."""
