"""The route on a real server with guarded connections, over loopback, and clients of it.

Deadlines pass by the sweep's clock, unwaited for.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from ingest_gateway.connection_guard import ConnectionBounds, ConnectionGuard
from ingest_gateway.metrics import ConnectionEnd
from ingest_gateway.route import PATH
from ingest_gateway.server import dispatch, listen, server
from tests.unit.gateway.in_memory import ORIGIN, Gateway, single

PATIENCE_S = 60.0
HOUR = 3_600.0
EVENT = json.dumps(single()).encode()


def head(*lines: str, length: int = len(EVENT)) -> bytes:
    """A request's head, complete."""
    own = (f"POST {PATH} HTTP/1.1", "host: x", f"origin: {ORIGIN}", f"content-length: {length}", *lines)
    return "\r\n".join([*own, "", ""]).encode()


GOOD = head() + EVENT


class Served:
    """The route on a real server, and clients of it."""

    def __init__(self, gateway: Gateway, guard: ConnectionGuard, port: int) -> None:
        self.gateway = gateway
        self.guard = guard
        self.port = port
        self._clients: list[Client] = []

    async def connect(self, *pieces: bytes) -> "Client":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        client = Client(reader, writer)
        self._clients.append(client)
        await client.send(*pieces)
        return client

    async def when(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():  # noqa: ASYNC110 (uvicorn's state has no event)
                await asyncio.sleep(0.005)

    def deaf(self, *pieces: bytes) -> socket.socket:
        """A client that sends this and never reads: its system takes hardly anything for it."""
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        one.connect(("127.0.0.1", self.port))
        one.sendall(b"".join(pieces))
        return one

    def leave(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()

    def sweep(self) -> None:
        """What the guard does when an hour has passed."""
        self.guard.sweep(asyncio.get_running_loop().time() + HOUR)

    def refused(self, status: int, reason: str) -> int:
        labels = f'outcome="refused",reason="{reason}",status="{status}"'
        return int(self.gateway.figure(f"sillage_gateway_requests_total{{{labels}}}"))

    def ended(self, why: ConnectionEnd) -> int:
        return int(self.gateway.figure(f'sillage_gateway_connections_ended_total{{why="{why.value}"}}'))


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer."""
        async with asyncio.timeout(PATIENCE_S):
            first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        return int(first.split()[1]), dict(line.split(": ", 1) for line in lines if line)

    async def body(self, headers: dict[str, str]) -> Any:
        """The document that follows a head."""
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self._reader.readexactly(int(headers["content-length"])))

    async def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and document of the next answer."""
        status, headers = await self.head()
        return status, await self.body(headers)

    def close(self) -> None:
        self._writer.close()

    async def closed(self) -> bool:
        """Whether nothing more comes."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self._reader.read() == b""
            except ConnectionError:
                return True


@asynccontextmanager
async def served(gateway: Gateway, **bounds: Any) -> AsyncIterator[Served]:
    guard = ConnectionGuard(ConnectionBounds(**bounds), gateway.metrics)
    http = server(dispatch(PATH, gateway.route, gateway.route), guard)
    listener = listen("127.0.0.1", 0)
    # So that the system takes few of the bytes that a client does not read.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    serving = asyncio.create_task(http.serve([listener]))
    async with asyncio.timeout(PATIENCE_S):
        while not http.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.005)
    site = Served(gateway, guard, listener.getsockname()[1])
    try:
        yield site
    finally:
        site.leave()
        http.stop()
        await serving


def run(scenario: Callable[[Served], Awaitable[None]], gateway: Gateway | None = None, **bounds: Any) -> None:
    """Play a scenario on the event loop that production has."""

    async def through() -> None:
        async with served(gateway or Gateway(), **bounds) as site:
            await scenario(site)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(through())
