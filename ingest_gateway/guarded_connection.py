"""One connection, whose client may be slow, greedy or deaf.

uvicorn reads a request's head for as long, and of as many bytes, as a client likes, queues whatever is sent
behind it, takes a body's trailers for headers, and waits for ever for a client that does not read its answer.
This protocol gives each turn of a client a deadline and a bound. `connection_guard` looks at the deadlines.
"""

import asyncio
from collections import deque
from enum import Enum, auto
from math import inf
from typing import Any, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ingest_gateway import answers
from ingest_gateway.connection_guard import ConnectionGuard
from ingest_gateway.errors import Refusal
from ingest_gateway.metrics import ConnectionEnd
from schemas.reasons import Reason

_BODY_GRACE_S: Final = 2.0
"""The application refuses a slow body with a 408 first; this is for bodies that it never reads."""


class Turn(Enum):
    """Whose turn it is on a connection, and to do what."""

    BEGIN = auto()
    """The client's: to begin a request."""
    HEAD = auto()
    """The client's: to finish a request's line and headers."""
    BODY = auto()
    """The client's: to finish its body."""
    ANSWER = auto()
    """The gateway's."""
    LAST_ANSWERS = auto()
    """The gateway's; nothing more is read."""
    LEAVE = auto()
    """The client's: to take what was written. The connection is closed, its descriptor is not free yet."""


class GuardedConnection(HttpToolsProtocol):
    """One connection. `deadline`: of its turn, which began at `since`; by the event loop's clock."""

    def __init__(self, guard: ConnectionGuard, **server: Any) -> None:
        super().__init__(**server)
        self._guard = guard
        self._bounds = guard.bounds
        self._feeding = 0
        self._fruitful = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._refusal = Reason.BAD_FRAMING, ConnectionEnd.BAD_FRAMING
        self._counted = False
        self._at_work: RequestResponseCycle | None = None
        self.turn = Turn.BEGIN
        self.since = 0.0
        self.deadline = inf
        self.read_deadline = inf

    # asyncio's side

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A place for it, and a deadline for its first request."""
        super().connection_made(transport)
        self.flow = _PipelineFlow(transport, self.pipeline)
        self.since = self.loop.time()
        self.deadline = self.since + self._bounds.head_s
        room = self._guard.make_room()
        self._guard.connections.add(self)
        if not room:
            self._answer(Reason.TOO_MANY_CONNECTIONS, ConnectionEnd.FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        """Its place is free. uvicorn tells the request that came last; another may be the one at work."""
        self._guard.connections.discard(self)
        if self._at_work is not None:
            self._at_work.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """No more is parsed than a head may have before it is looked at what came of it."""
        step = self._bounds.head_bytes
        if len(data) <= step:
            self._feed(data)
            return
        whole = memoryview(data)
        for start in range(0, len(data), step):
            self._feed(whole[start : start + step])

    def _feed(self, data: bytes | memoryview) -> None:
        if self.turn in _NOT_READ or self.transport.is_closing():
            return
        self._feeding = len(data)
        self._fruitful = False
        super().data_received(data)  # type: ignore[arg-type]
        if self._fruitful or self.turn not in _PARTIAL:
            return
        # An unfinished head; or trailers and other padding between the chunks of a body.
        self._head_bytes += len(data)
        if self._head_bytes > self._bounds.head_bytes or len(self.headers) > self._bounds.head_lines:
            self._answer(Reason.HEAD_TOO_LARGE, ConnectionEnd.HEAD_TOO_LARGE)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        super().pause_writing()
        self.read_deadline = self.loop.time() + self._bounds.read_answer_s

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self.read_deadline = inf

    # The parser's side. What is raised here ends the parsing, and comes back as `send_400_response`.

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._head_bytes = self._body_bytes = 0
        self._begins(Turn.HEAD, self._bounds.head_s)

    def on_headers_complete(self) -> None:
        """Raises _Unacceptable."""
        if len(self.headers) > self._bounds.head_lines or self._is_head_too_large():
            raise self._unacceptable(Reason.HEAD_TOO_LARGE, ConnectionEnd.HEAD_TOO_LARGE)
        if self.parser.should_upgrade():  # the parser would take the body for the other protocol's
            raise self._unacceptable(Reason.BAD_FRAMING, ConnectionEnd.BAD_FRAMING)
        if len(self.pipeline) >= self._bounds.pipelined:
            self._take_no_more()
            raise _Unacceptable
        super().on_headers_complete()
        if not self.pipeline:
            self._at_work = self.cycle
        # The application has the list of the head. uvicorn would append a body's trailers to it as well, and
        # a trailer must not speak for a header (RFC 9110, section 6.5.1).
        self.headers = []
        self._head_bytes = 0
        self._begins(Turn.BODY, self._bounds.body_s + _BODY_GRACE_S)

    def on_body(self, body: bytes) -> None:
        """Bodies of requests that are answered already are read and dropped, up to a bound."""
        super().on_body(body)
        self._fruitful = True
        self._body_bytes += len(body)
        if self._body_bytes > self._bounds.unread_body_bytes and self.cycle.response_complete:
            self._close(ConnectionEnd.UNREAD_BODY)
            raise _Unacceptable

    def on_message_complete(self) -> None:
        """It is the gateway's turn."""
        super().on_message_complete()
        self._fruitful = True
        self.turn, self.deadline = Turn.ANSWER, inf
        if self.cycle.response_complete:
            self._begins(Turn.BEGIN, self._bounds.keep_alive_s)

    def on_response_complete(self) -> None:
        """The next request's turn, where one waits, else the client's. uvicorn's own starts a timer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self.leave()
            return
        if self.pipeline:
            self._at_work, application = self.pipeline.pop()
            self._start_asgi_task(self._at_work, application)
        elif self.turn is Turn.ANSWER:
            self._begins(Turn.BEGIN, self._bounds.keep_alive_s)
        self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """In our form, and with the reason why the parsing ended."""
        if self.turn not in _NOT_READ:
            self._answer(*self._refusal)

    # The guard's side

    @property
    def busy(self) -> bool:
        """Whether an answer to a whole request is being made."""
        if self.turn is Turn.HEAD:
            return self._answering
        return self.turn in _GATEWAYS or (self.turn is Turn.BODY and bool(self.pipeline))

    def expire(self, now: float) -> None:
        """Past a deadline."""
        if self.turn is Turn.LEAVE or now > self.read_deadline:
            self.abort(ConnectionEnd.SLOW_READER)
        elif self.busy:
            self.deadline = now + self._bounds.head_s  # it has begun its next request; it may be unheard
        elif self.turn is Turn.HEAD:
            self._answer(Reason.REQUEST_TIMEOUT, ConnectionEnd.SLOW_HEAD)
        elif self.turn is Turn.BODY:
            self._close(ConnectionEnd.SLOW_BODY)
        else:
            self._close(ConnectionEnd.SLOW_HEAD if self.cycle is None else None)

    def abort(self, why: ConnectionEnd) -> None:
        """Free its place now, whatever of its answer is unread."""
        self._count(why)
        self._guard.connections.discard(self)
        self.transport.abort()

    def leave(self) -> None:
        """Closed: but a transport with something to write keeps its descriptor until that is read."""
        if self.turn is not Turn.LEAVE:
            self.turn, self.deadline = Turn.LEAVE, self.loop.time() + self._bounds.leave_s

    def _close(self, why: ConnectionEnd | None) -> None:
        if why is not None:
            self._count(why)
        self.transport.close()
        self.leave()

    def _answer(self, reason: Reason, why: ConnectionEnd) -> None:
        """Refuse what there is of a request, where no other answer is on its way, and close."""
        if not self._answering:
            answer = answers.refused(Refusal(reason, reason.meaning))
            self._guard.metrics.request_ended(answer.outcome, answer.status, answer.reason)
            self.transport.write(answers.written_last(answer))
        self._close(why)

    def _take_no_more(self) -> None:
        """Close behind the answers to the requests that wait."""
        self._count(ConnectionEnd.PIPELINED)
        self.turn, self.deadline = Turn.LAST_ANSWERS, inf
        self.cycle.keep_alive = False

    def _begins(self, turn: Turn, seconds: float) -> None:
        self.turn = turn
        self.since = self.loop.time()
        self.deadline = self.since + seconds

    def _count(self, why: ConnectionEnd) -> None:
        if not self._counted:
            self._counted = True
            self._guard.metrics.connection_ended(why)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_head_too_large(self) -> bool:
        most = self._bounds.head_bytes
        if self._head_bytes + self._feeding <= most:
            return False
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > most

    def _unacceptable(self, reason: Reason, why: ConnectionEnd) -> "_Unacceptable":
        self._refusal = reason, why
        return _Unacceptable()


_PARTIAL: Final = (Turn.HEAD, Turn.BODY)
_GATEWAYS: Final = (Turn.ANSWER, Turn.LAST_ANSWERS)
_NOT_READ: Final = (Turn.LAST_ANSWERS, Turn.LEAVE)


class _PipelineFlow(FlowControl):
    """Reads on only when no request waits behind another."""

    def __init__(self, transport: asyncio.Transport, pipeline: deque[Any]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if self.read_paused and not self._pipeline:
            super().resume_reading()


class _Unacceptable(Exception):
    """Raised into the parser, which passes it on as an error of its own."""
