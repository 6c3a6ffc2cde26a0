"""Who speaks to the gateway."""

from enum import StrEnum


class Source(StrEnum):
    """A visitor's browser, or a server that holds a secret key."""

    BROWSER = "browser"
    SERVER = "server"
