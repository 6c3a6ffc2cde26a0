"""Clients that are slow, greedy or many, over loopback. Deadlines pass by the sweep's clock, unwaited for."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ingest_gateway.connection_guard import ConnectionBounds, ConnectionGuard, GuardedConnection
from ingest_gateway.metrics import ConnectionEnd
from ingest_gateway.route import PATH
from ingest_gateway.server import dispatch, listen, server
from schemas.limits import BODY_BYTES
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
        self._port = port
        self._clients: list[Client] = []

    async def connect(self, *pieces: bytes) -> "Client":
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        client = Client(reader, writer)
        self._clients.append(client)
        await client.send(*pieces)
        return client

    async def when(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():  # noqa: ASYNC110 (uvicorn's state has no event)
                await asyncio.sleep(0.005)

    def leave(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()

    def sweep(self) -> None:
        """What the guard does when an hour has passed."""
        self.guard.sweep(asyncio.get_running_loop().time() + HOUR)

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

    async def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and document of the next answer."""
        async with asyncio.timeout(PATIENCE_S):
            first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines if line)
            body = await self._reader.readexactly(int(headers["content-length"]))
        return int(first.split()[1]), json.loads(body)

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
async def served(**bounds: Any) -> AsyncIterator[Served]:
    gateway = Gateway()
    guard = ConnectionGuard(ConnectionBounds(**bounds), gateway.metrics)
    http = server(dispatch(PATH, gateway.route, gateway.route), guard)
    listener = listen("127.0.0.1", 0)
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


def run(scenario: Callable[[Served], Awaitable[None]], **bounds: Any) -> None:
    async def through() -> None:
        async with served(**bounds) as site:
            await scenario(site)

    asyncio.run(through())


@pytest.mark.parametrize("sent", [b"POST /", GOOD[:60]])
def test_a_head_that_does_not_end_is_a_408(sent: bytes) -> None:
    async def scenario(site: Served) -> None:
        slow = await site.connect(sent)
        await site.when(lambda: any(one._in_head for one in site.guard.connections))
        site.sweep()
        status, document = await slow.answer()
        assert (status, document["reason"]) == (408, "request_timeout")
        assert await slow.closed()
        assert site.ended(ConnectionEnd.SLOW_HEAD) == 1

    run(scenario)


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"])
def test_a_silent_connection_is_closed_without_a_word(sent: bytes) -> None:
    async def scenario(site: Served) -> None:
        silent = await site.connect(sent)
        await site.when(lambda: len(site.guard.connections) == 1)
        site.sweep()
        assert await silent.closed()

    run(scenario)


def test_a_body_that_nobody_reads_has_a_deadline_too() -> None:
    async def scenario(site: Served) -> None:
        dripping = await site.connect(
            b"POST /api/analytics HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1"
        )
        assert (await dripping.answer())[0] == 401
        site.sweep()
        assert await dripping.closed()
        assert site.ended(ConnectionEnd.SLOW_BODY) == 1

    run(scenario)


def test_a_connection_waits_for_kafka_past_any_deadline() -> None:
    async def scenario(site: Served) -> None:
        site.gateway.hold = asyncio.Event()
        client = await site.connect(GOOD)
        await site.when(lambda: site.gateway.asked == 1)
        site.sweep()
        site.gateway.hold.set()
        assert (await client.answer())[0] == 200

    run(scenario)


@pytest.mark.parametrize(
    "flood",
    [
        (f"x: {'y' * 20_000}",),
        tuple(f"x{number}: y" for number in range(200)),
        tuple(f"x{number}: {'y' * 1_000}" for number in range(20)),
    ],
    ids=["long line", "many lines", "many long lines"],
)
def test_a_flood_of_headers_is_a_431(flood: tuple[str, ...]) -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(head(*flood))
        status, document = await client.answer()
        assert (status, document["reason"]) == (431, "head_too_large")
        assert await client.closed()

    run(scenario)


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nx: ", b"GET / HTTP/1.1\r\n"])
def test_a_line_that_never_ends_is_cut_off_at_the_bound(start: bytes) -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(start)
        await site.when(lambda: len(site.guard.connections) == 1)
        with suppress(ConnectionError):
            for _ in range(100):
                await client.send(b"a" * 4_096)
        await site.when(lambda: site.ended(ConnectionEnd.HEAD_TOO_LARGE) == 1)
        assert not site.guard.connections

    run(scenario)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        head("transfer-encoding: chunked"),
        head("content-length: 3"),
        head("connection: upgrade", "upgrade: h2c"),
        head("connection: upgrade", "upgrade: websocket"),
        b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST http://[ HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_1_is_a_400_in_our_form(request_bytes: bytes) -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(request_bytes)
        status, document = await client.answer()
        assert (status, document["reason"]) == (400, "bad_framing")
        assert await client.closed()

    run(scenario)


def test_many_that_wait_make_room_for_one_that_speaks() -> None:
    async def scenario(site: Served) -> None:
        idle = [await site.connect(b"POST / HT") for _ in range(30)]
        await site.when(lambda: len(site.guard.connections) >= 20)
        good = await site.connect(GOOD)
        assert (await good.answer())[0] == 200
        assert await idle[0].closed()
        assert len(site.guard.connections) <= 20
        assert site.ended(ConnectionEnd.EVICTED) >= 11

    run(scenario, connections=20)


def test_nobody_is_closed_whose_answer_is_being_made() -> None:
    async def scenario(site: Served) -> None:
        site.gateway.hold = asyncio.Event()
        busy = [await site.connect(GOOD) for _ in range(3)]
        await site.when(lambda: site.gateway.asked == 3)
        refused = await site.connect()
        status, document = await refused.answer()
        assert (status, document["reason"]) == (503, "too_many_connections")
        site.gateway.hold.set()
        assert [(await one.answer())[0] for one in busy] == [200] * 3
        assert (await (await site.connect(GOOD)).answer())[0] == 200

    run(scenario, connections=3)


def test_a_client_still_sending_reads_why_its_body_is_too_large() -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(head(length=2 * BODY_BYTES), b" " * 65_536)
        status, document = await client.answer()
        assert (status, document["reason"]) == (413, "body_too_large")
        with suppress(ConnectionError):
            await client.send(b" " * 65_536)
        assert await client.closed()

    run(scenario)


def test_one_connection_carries_many_requests() -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(GOOD * 3)
        assert [(await client.answer())[0] for _ in range(3)] == [200] * 3
        await client.send(GOOD[:50])
        await client.send(GOOD[50:])
        assert (await client.answer())[0] == 200
        assert len(site.guard.connections) == 1

    run(scenario)


def test_uvicorn_still_calls_what_the_guard_overrides() -> None:
    ours = {name for name, value in vars(GuardedConnection).items() if callable(value) and name[0] != "_"}
    added = {"expire", "end"}
    assert ours - added <= vars(HttpToolsProtocol).keys()
    assert {"cycle", "parser", "loop", "transport"} <= set(HttpToolsProtocol.__init__.__code__.co_names)
    assert "response_complete" in RequestResponseCycle.__init__.__code__.co_names
