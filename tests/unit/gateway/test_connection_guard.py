"""Clients that are slow, silent, deaf or many."""

import asyncio
import json
import socket
from contextlib import suppress
from math import inf

import psutil
import pytest

from ingest_gateway.guarded_connection import Turn
from ingest_gateway.metrics import ConnectionEnd
from schemas.limits import BODY_BYTES
from tests.unit.gateway.in_memory import batch
from tests.unit.gateway.served import GOOD, Served, head, run


@pytest.mark.parametrize("sent", [b"POST /", GOOD[:60]])
def test_a_head_that_does_not_end_is_a_408(sent: bytes) -> None:
    async def scenario(site: Served) -> None:
        slow = await site.connect(sent)
        await site.when(lambda: any(one.turn is Turn.HEAD for one in site.guard.connections))
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
        assert site.refused(503, "too_many_connections") == 1
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


MANY_REJECTED = json.dumps(batch(*[{"path": "/"}] * 500)).encode()


def deaf_clients(site: Served, number: int, requests: int, *lines: str) -> list[socket.socket]:
    """They ask for more than the system takes for a client that does not read, and do not read."""
    asking = head(*lines, length=len(MANY_REJECTED)) + MANY_REJECTED
    return [site.deaf(asking * requests) for _ in range(number)]


async def all_wait(site: Served, number: int) -> None:
    """Until so many answers wait in the gateway to be read."""
    await site.when(
        lambda: (
            sum(one.transport.get_write_buffer_size() > 0 for one in site.guard.connections) == number
            and not any(one.busy and one.read_deadline == inf for one in site.guard.connections)
        )
    )


def held(site: Served) -> int:
    """Descriptors of connections on the server's side."""
    connections = psutil.Process().net_connections("tcp4")
    return sum(one.laddr.port == site.port and bool(one.raddr) for one in connections)


@pytest.mark.parametrize(
    ("requests", "lines"),
    [(1, ()), (1, ("connection: close",)), (8, ())],
    ids=["kept alive", "closed", "more than is buffered"],
)
def test_those_who_do_not_read_their_answers_leave_no_descriptor(
    requests: int, lines: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(site: Served) -> None:
        deaf = deaf_clients(site, 5, requests, *lines)
        await all_wait(site, len(deaf))
        assert held(site) == len(deaf)
        site.sweep()
        site.sweep()
        await site.when(lambda: held(site) == 0)
        assert not site.guard.connections
        assert site.ended(ConnectionEnd.SLOW_READER) == len(deaf)
        for one in deaf:
            one.close()

    run(scenario)
    assert not [record for record in caplog.records if record.exc_info]


def test_those_who_do_not_read_make_room_too() -> None:
    async def scenario(site: Served) -> None:
        deaf = deaf_clients(site, 5, 1)
        await all_wait(site, len(deaf))
        good = [await site.connect(GOOD) for _ in range(5)]
        assert [(await one.answer())[0] for one in good] == [200] * 5
        assert site.ended(ConnectionEnd.EVICTED) == len(deaf)
        await site.when(lambda: held(site) == len(good))
        for one in deaf:
            one.close()

    run(scenario, connections=5)


def test_what_is_refused_without_an_address_is_counted_as_a_request_too() -> None:
    async def scenario(site: Served) -> None:
        for sent in (b"nonsense\r\n\r\n", head(f"x: {'y' * 20_000}"), b"POST / HT"):
            client = await site.connect(sent)
            if sent.startswith(b"POST / HT"):
                await site.when(lambda: any(one.turn is Turn.HEAD for one in site.guard.connections))
                site.sweep()
            await client.answer()
        assert site.refused(400, "bad_framing") == 1
        assert site.refused(431, "head_too_large") == 1
        assert site.refused(408, "request_timeout") == 1

    run(scenario)
