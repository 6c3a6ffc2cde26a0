"""What the gateway looks at of an HTTP request, out of ASGI's scope."""

import re
from typing import Final

from starlette.types import Scope

from ingest_gateway.exchange import Exchange
from ingest_gateway.identifiers import uuid7

_ESCAPED: Final = re.compile(r"\\([0-3][0-7]{2}|.)", re.DOTALL)
"""In a quoted value: a character's octal number, or any character for itself."""


class Request:
    """Headers of one request, decoded on demand; of a repeated header the last one."""

    def __init__(self, scope: Scope, received_at: int, exchange: Exchange | None = None) -> None:
        """`received_at`: the gateway's clock when the request's headers were in, epoch milliseconds;
        `exchange`: where all of it is there."""
        self._lines: list[tuple[bytes, bytes]] = scope["headers"]
        self._headers: dict[bytes, bytes] = dict(self._lines)
        self._id: str | None = None
        client = scope.get("client")
        self.peer: str | None = None if client is None else client[0]
        """The address at the other end of the connection: for rate limits only, never stored or logged."""
        self.received_at = received_at
        self.exchange = exchange

    @property
    def id(self) -> str:
        """A name for this request in logs and dead letters; made when first asked for."""
        if self._id is None:
            self._id = uuid7(self.received_at)
        return self._id

    def header(self, name: bytes) -> str | None:
        """The header of that lower-case name."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    def all(self, name: bytes) -> list[str]:
        """Every value of a header that may stand in several lines, in their order."""
        return [value.decode("latin-1") for own, value in self._lines if own == name]

    @property
    def credentials(self) -> str | None:
        """What follows the scheme in Authorization."""
        authorization = self.header(b"authorization")
        return None if authorization is None else authorization.partition(" ")[2].strip()

    def cookie(self, name: str) -> str | None:
        """The first cookie of that name: the one of the most specific path (RFC 6265, 5.4).

        Whatever else the site sets beside it, however odd, takes nothing away from it.
        """
        for line in self.all(b"cookie"):
            for pair in line.split(";"):
                own, equals, value = pair.partition("=")
                if equals and own.strip() == name:
                    return _unquoted(value.strip())
        return None


def _unquoted(value: str) -> str:
    """The value without the quotes that some libraries put around it."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _ESCAPED.sub(_character, value[1:-1])


def _character(escaped: re.Match[str]) -> str:
    what = escaped[1]
    return chr(int(what, 8)) if len(what) == 3 else what
