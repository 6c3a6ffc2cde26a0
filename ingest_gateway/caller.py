"""Who speaks to the gateway."""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """A visitor's browser, or a server that holds a secret key."""

    BROWSER = "browser"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, by its headers. `key`: the digest of the secret key it came with."""

    source: Source
    key: str | None = None
