"""What a client may send on one connection: heads, trailers, one request behind another."""

import asyncio
import json
from contextlib import suppress
from ipaddress import ip_network

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ingest_gateway.client_address import ClientAddresses
from ingest_gateway.guarded_connection import GuardedConnection
from ingest_gateway.metrics import ConnectionEnd
from ingest_gateway.rate_limits import Buckets, Rate, RateLimits
from ingest_gateway.route import PATH
from tests.unit.gateway.in_memory import ORIGIN, Gateway, batch, page_view
from tests.unit.gateway.served import EVENT, GOOD, Served, head, run

PIPELINED = 8


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


def test_one_connection_carries_many_requests() -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(GOOD * 3)
        assert [(await client.answer())[0] for _ in range(3)] == [200] * 3
        await client.send(GOOD[:50])
        await client.send(GOOD[50:])
        assert (await client.answer())[0] == 200
        assert len(site.guard.connections) == 1

    run(scenario)


def test_a_flood_of_requests_in_one_piece_is_cut_off_at_the_bound() -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(b"GET /api/analytics HTTP/1.1\r\n\r\n" * 5_000)
        statuses = [(await client.answer())[0] for _ in range(1 + PIPELINED)]
        assert statuses == [405] * (1 + PIPELINED)
        assert await client.closed()
        assert site.ended(ConnectionEnd.PIPELINED) == 1

    run(scenario, pipelined=PIPELINED)


def test_nothing_more_is_read_while_requests_wait_behind_another() -> None:
    async def scenario(site: Served) -> None:
        site.gateway.hold = asyncio.Event()
        client = await site.connect(GOOD * 3)
        await site.when(lambda: any(len(one.pipeline) == 2 for one in site.guard.connections))
        (connection,) = site.guard.connections
        assert connection.flow.read_paused
        site.sweep()
        assert connection.busy
        site.gateway.hold.set()
        assert [(await client.answer())[0] for _ in range(3)] == [200] * 3
        await client.send(GOOD)
        assert (await client.answer())[0] == 200

    run(scenario)


def chunked(*trailers: str) -> bytes:
    """A good request in one chunk, with trailers behind it."""
    whole = (f"POST {PATH} HTTP/1.1", "host: x", f"origin: {ORIGIN}", "transfer-encoding: chunked", "", "")
    return (
        "\r\n".join(whole).encode()
        + b"%x\r\n%s\r\n0\r\n" % (len(EVENT), EVENT)
        + "\r\n".join([*trailers, "", ""]).encode()
    )


@pytest.mark.parametrize(
    "trailer", ["Origin: https://evil.example", "Authorization: Bearer no", "Sec-GPC: 1", "Content-Type: a/b"]
)
def test_a_trailer_is_no_header(trailer: str) -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(chunked(trailer))
        status, document = await client.answer()
        assert (status, document["success"], document.get("dropped")) == (200, True, None)
        assert len(site.gateway.published) == 1

    run(scenario)


def test_a_trailer_is_no_forwarded_address() -> None:
    now = 0.0
    limits = RateLimits(
        ClientAddresses([ip_network("127.0.0.0/8")]), addresses=Buckets(Rate(1, 1), lambda: now)
    )

    async def scenario(site: Served) -> None:
        client = await site.connect(chunked("X-Forwarded-For: 6.6.6.1"), chunked("X-Forwarded-For: 6.6.6.2"))
        assert [(await client.answer())[0] for _ in range(2)] == [200, 429]

    run(scenario, Gateway(limits=limits))


@pytest.mark.parametrize(
    "padding",
    [b"x: y\r\n" * 10, b"x" * 1_000, b"x: " + b"y" * 1_000 + b"\r\n"],
    ids=["many lines", "a line without end", "long lines"],
)
def test_trailers_without_end_are_cut_off_at_the_bound(padding: bytes) -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(chunked()[:-2])
        with suppress(ConnectionError):
            for _ in range(1_000):
                await client.send(padding)
        await site.when(lambda: site.ended(ConnectionEnd.HEAD_TOO_LARGE) == 1)
        assert await client.closed()

    run(scenario)


def test_a_large_body_and_the_next_head_in_one_piece_are_not_taken_for_one_head() -> None:
    large = json.dumps(batch(*[page_view(eventData={"a": "x" * 10_000})] * 6)).encode()

    async def scenario(site: Served) -> None:
        client = await site.connect(head(length=len(large)) + large + GOOD[:30])
        assert (await client.answer())[0] == 200
        await client.send(GOOD[30:])
        assert (await client.answer())[0] == 200

    run(scenario)


@pytest.mark.parametrize("sent", [head(), GOOD[:-1], GOOD + GOOD[:-1]], ids=["none", "part", "of the second"])
def test_a_body_whose_rest_never_comes_is_a_408_whatever_came_whole_before(sent: bytes) -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(sent)
        if sent.startswith(GOOD):
            assert (await client.answer())[0] == 200
        status, document = await client.answer()
        assert (status, document["reason"]) == (408, "request_timeout")

    run(scenario)


def test_uvicorn_still_calls_what_the_guard_overrides() -> None:
    ours = {name for name, value in vars(GuardedConnection).items() if callable(value) and name[0] != "_"}
    added = {"expire", "abort", "leave"}
    assert ours - added <= vars(HttpToolsProtocol).keys()
    used = {"cycle", "parser", "loop", "transport", "flow", "pipeline", "headers", "server_state"}
    assert used <= set(HttpToolsProtocol.__init__.__code__.co_names)
    assert {"resume_reading", "read_paused"} <= set(FlowControl.resume_reading.__code__.co_names)
    assert "pipeline" in HttpToolsProtocol.on_response_complete.__code__.co_names
    assert {
        *("response_started", "response_complete", "on_response", "message_event", "scope", "body"),
        "more_body",
        *("disconnected", "keep_alive", "default_headers", "flow", "transport"),
    } <= set(RequestResponseCycle.__init__.__code__.co_names)
