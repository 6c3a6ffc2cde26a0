"""Errors of the wire.

WireError
├── Undecodable          these bytes are not a value of their topic: dead-letter the record
│   └── UnknownSchema    they name a schema id the registry does not have
├── RegistryUnavailable  nobody can tell now: stop or retry, never dead-letter
│   └── NotRegistered    our own schema is missing there: run `sillage schemas apply`
└── RegistryRefuses      it will not do what it is asked to
"""

from schemas.reasons import Reason


class WireError(Exception):
    """Base of all."""


class Undecodable(WireError):
    """The record is bad data."""

    reason: Reason = Reason.UNDECODABLE


class UnknownSchema(Undecodable):
    """The record names a schema id that the registry does not know."""

    reason = Reason.UNKNOWN_SCHEMA


class RegistryUnavailable(WireError):
    """The registry did not answer."""


class RegistryRefuses(WireError):
    """The registry answers with an HTTP `status` 4xx, which asking again does not change."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NotRegistered(RegistryUnavailable):
    """A schema of ours is not in the registry yet."""
