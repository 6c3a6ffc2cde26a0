"""What a rule says when it refuses something."""

from schemas.reasons import Reason

_SHOWN = 64


class InvalidEvent(Exception):
    """An event, or a part of it, breaks a rule. The message says what was wrong and what was expected."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


SECRETS = frozenset({"key", "userToken"})
"""Fields whose values never stand in a message: messages are answered, logged and kept."""


def shown_of(name: str, value: object) -> str:
    """A client's value of a field of this name, as it may stand in a message."""
    return "(not shown)" if name in SECRETS else shown(value)


def shown(value: object) -> str:
    """A client's value as it may stand in a message: printable and short."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
