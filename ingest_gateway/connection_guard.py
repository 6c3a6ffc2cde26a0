"""Connections that do not do their part: too slow, too large, too many.

uvicorn reads a request's head for as long, and of as many bytes, as a client likes. This protocol gives each
part of a request a deadline, bounds the head, and closes whoever has kept the gateway waiting longest when
there are too many. Deadlines are looked at once a second for all connections together, so that a request
pays for two assignments and no timer.
"""

import asyncio
from dataclasses import dataclass
from heapq import nsmallest
from math import inf
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ingest_gateway import answers
from ingest_gateway.errors import Refusal
from ingest_gateway.metrics import ConnectionEnd, GatewayMetrics
from schemas import limits
from schemas.reasons import Reason

_SWEEP_S: Final = 1.0
_BODY_GRACE_S: Final = 2.0
"""The application refuses a slow body with a 408 first; this is for bodies that it never reads."""
_EVICTED_AT_ONCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """What a connection may take of time (seconds), bytes and places."""

    head_s: float = 10.0
    body_s: float = 10.0
    keep_alive_s: float = 5.0
    read_answer_s: float = 10.0
    head_bytes: int = 16 * 1024
    head_lines: int = 100
    unread_body_bytes: int = 2 * limits.BODY_BYTES
    connections: int = 2_000


class ConnectionGuard:
    """All connections of one server."""

    def __init__(self, bounds: ConnectionBounds, metrics: GatewayMetrics) -> None:
        self.bounds = bounds
        self.connections: set[GuardedConnection] = set()
        self.count_end = metrics.connection_ended
        metrics.connections.set_function(lambda: len(self.connections))

    def connection(self, **server: Any) -> "GuardedConnection":
        """uvicorn's factory: called once for each connection."""
        return GuardedConnection(self, **server)

    def make_room(self) -> bool:
        """Whether one more connection fits; if need be by closing those that keep the gateway waiting."""
        most = self.bounds.connections
        if len(self.connections) < most:
            return True
        waiting = [one for one in self.connections if one.waiting_since < inf]
        for one in nsmallest(max(1, int(most * _EVICTED_AT_ONCE)), waiting, key=_waiting_since):
            one.end(ConnectionEnd.EVICTED)
        return bool(waiting)

    async def watch(self) -> None:
        """End what is past its deadline, for ever."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            self.sweep(asyncio.get_running_loop().time())

    def sweep(self, now: float) -> None:
        """End every connection that is past its deadline. `now`: the event loop's clock."""
        for late in [one for one in self.connections if now > one.deadline or now > one.read_deadline]:
            late.expire(now)


class GuardedConnection(HttpToolsProtocol):
    """One connection. `waiting_since`: when its client's turn began; infinite while it is the gateway's."""

    def __init__(self, guard: ConnectionGuard, **server: Any) -> None:
        super().__init__(**server)
        self._guard = guard
        self._bounds = guard.bounds
        self._in_head = False
        self._in_body = False
        self._head_bytes = 0
        self._head_lines = 0
        self._body_bytes = 0
        self._refusal: tuple[Reason, ConnectionEnd] | None = None
        self.waiting_since = inf
        self.deadline = inf
        self.read_deadline = inf

    # asyncio's side

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A place for it, and a deadline for its first request."""
        super().connection_made(transport)
        now = self.loop.time()
        self.waiting_since, self.deadline = now, now + self._bounds.head_s
        room = self._guard.make_room()
        self._guard.connections.add(self)
        if not room:
            self._answer(Reason.TOO_MANY_CONNECTIONS, ConnectionEnd.FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        """Its place is free."""
        self._guard.connections.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A line of the head that never ends is seen here only, each whole one in `on_header`."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self._bounds.head_bytes and not self.transport.is_closing():
                self._answer(Reason.HEAD_TOO_LARGE, ConnectionEnd.HEAD_TOO_LARGE)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        super().pause_writing()
        self.read_deadline = self.loop.time() + self._bounds.read_answer_s

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self.read_deadline = inf

    # The parser's side

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._head_lines = self._body_bytes = 0
        now = self.loop.time()
        self.waiting_since, self.deadline = now, now + self._bounds.head_s

    def on_header(self, name: bytes, value: bytes) -> None:
        """Raises _Unacceptable, which ends the parsing."""
        super().on_header(name, value)
        self._head_lines += 1
        self._head_bytes += len(name) + len(value)
        if self._head_lines > self._bounds.head_lines or self._head_bytes > self._bounds.head_bytes:
            self._refusal = Reason.HEAD_TOO_LARGE, ConnectionEnd.HEAD_TOO_LARGE
            raise _Unacceptable

    def on_headers_complete(self) -> None:
        """Raises _Unacceptable for another protocol: the parser would take the body for that protocol's."""
        if self.parser.should_upgrade():
            self._refusal = Reason.BAD_FRAMING, ConnectionEnd.BAD_FRAMING
            raise _Unacceptable
        self._in_head, self._in_body = False, True
        super().on_headers_complete()
        self.deadline = self.loop.time() + self._bounds.body_s + _BODY_GRACE_S

    def on_body(self, body: bytes) -> None:
        """Bodies of requests that are answered already are read and dropped, up to a bound."""
        super().on_body(body)
        self._body_bytes += len(body)
        if self._body_bytes > self._bounds.unread_body_bytes and self.cycle.response_complete:
            self.end(ConnectionEnd.UNREAD_BODY)

    def on_message_complete(self) -> None:
        """It is the gateway's turn."""
        super().on_message_complete()
        self._in_body = False
        self.waiting_since = self.deadline = inf
        if self.cycle.response_complete:
            self._await_next()

    def on_response_complete(self) -> None:
        """It is the client's turn again, unless it has not finished the request, or has sent the next one."""
        super().on_response_complete()
        if self.waiting_since == inf and not self._answering:
            self._await_next()

    # What uvicorn does on a broken request, and the guard on a late one

    def send_400_response(self, msg: str) -> None:
        """In our form, and with the reason why the parsing ended."""
        reason, ended = self._refusal or (Reason.BAD_FRAMING, ConnectionEnd.BAD_FRAMING)
        self._answer(reason, ended)

    def expire(self, now: float) -> None:
        """Past a deadline."""
        if now > self.read_deadline:
            self._guard.count_end(ConnectionEnd.SLOW_READER)
            self.transport.abort()
        elif self._in_head and not self._answering:
            self._answer(Reason.REQUEST_TIMEOUT, ConnectionEnd.SLOW_HEAD)
        else:
            self.end(ConnectionEnd.SLOW_BODY if self._in_body else ConnectionEnd.SLOW_HEAD)

    def end(self, why: ConnectionEnd) -> None:
        """Close without a word."""
        self._guard.count_end(why)
        self._guard.connections.discard(self)
        self.transport.close()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_next(self) -> None:
        now = self.loop.time()
        self.waiting_since, self.deadline = now, now + self._bounds.keep_alive_s + _SWEEP_S

    def _answer(self, reason: Reason, ended: ConnectionEnd) -> None:
        """Refuse what there is of a request, where no other answer is on its way, and close."""
        self._guard.count_end(ended)
        self._guard.connections.discard(self)
        if not self._answering:
            self.transport.write(answers.written(answers.refused(Refusal(reason, reason.meaning))))
        self.transport.close()


class _Unacceptable(Exception):
    """Raised into the parser, which passes it on as an error of its own."""


def _waiting_since(connection: GuardedConnection) -> float:
    return connection.waiting_since
