"""A request that is all there, and its answer in one piece.

ASGI passes a body, and an answer's head and body, as messages. uvicorn makes a system call for each of the
answer's, and its messages take longer than what they say. Where the server has the whole request, and nothing
has to be waited for, the route does without them; the messages are for everything else.
"""

from collections.abc import Sequence
from typing import Any

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Exchange:
    """One request on its connection. `cycle`: uvicorn's of it."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle: Any = cycle

    @property
    def client_is_gone(self) -> bool:
        """Whether nobody is left to answer."""
        return bool(self._cycle.disconnected)

    def body(self) -> bytes:
        """The whole body, which nobody can ask for again."""
        cycle = self._cycle
        body = bytes(cycle.body)
        cycle.body = bytearray()
        cycle.flow.resume_reading()
        return body

    @property
    def takes_an_answer(self) -> bool:
        """Whether one may be written in one piece: the client reads what is written to it, the answer has a
        body, and the connection stays open behind it."""
        cycle = self._cycle
        if not cycle.keep_alive or cycle.disconnected or cycle.flow.write_paused:
            return False
        return bool(cycle.scope["method"] != "HEAD")

    @property
    def default_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What the server says with every answer: the date."""
        headers: Sequence[tuple[bytes, bytes]] = self._cycle.default_headers
        return headers

    def answer(self, written: bytes) -> None:
        """Write an answer. As if both of ASGI's messages had been sent."""
        cycle = self._cycle
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(written)
        cycle.message_event.set()
        cycle.on_response()


def exchange_of(send: Send) -> Exchange | None:
    """The exchange of a request, by what there is to answer it; None where its body is not there yet.

    Not by the scope: uvicorn's cycle holds that, and a way back would keep bodies until garbage is collected.
    """
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle) or cycle.more_body:
        return None
    return Exchange(cycle)
