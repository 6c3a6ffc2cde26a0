"""Whatever comes on a real socket, in whatever pieces, is answered or ended, and never with a 500."""

import asyncio
import re

import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.gateway.in_memory import ORIGIN, Gateway
from tests.unit.gateway.served import EVENT, GOOD, PATIENCE_S, Served, served

_STARTS = st.sampled_from(
    [
        b"POST /api/analytics HTTP/1.1",
        b"GET / HTTP/1.0",
        b"OPTIONS * HTTP/1.1",
        b"POST http://[ HTTP/1.1",
        b"\0",
    ]
)
_LINES = st.sampled_from(
    [
        b"host: x",
        b"origin: " + ORIGIN.encode(),
        b"content-length: %d" % len(EVENT),
        b"content-length: 3",
        b"content-length: -1",
        b"transfer-encoding: chunked",
        b"transfer-encoding: gzip, chunked",
        b"content-encoding: gzip",
        b"expect: 100-continue",
        b"connection: close",
        b"connection: upgrade\r\nupgrade: h2c",
        b"x: " + b"y" * 20_000,
        b" folded",
    ]
)
_BODIES = st.sampled_from(
    [
        b"",
        EVENT,
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(EVENT), EVENT),
        b"%x;ext=1\r\n%s\r\n0\r\nx-forwarded-for: 6.6.6.6\r\n\r\n" % (len(EVENT), EVENT),
        b"zz\r\n",
        b"ffffffffffffffff\r\n",
    ]
) | st.binary(max_size=40)
_REQUESTS = st.builds(
    lambda start, lines, body: b"\r\n".join([start, *lines, b"", body]),
    _STARTS,
    st.lists(_LINES, max_size=5),
    _BODIES,
)
_PIECES = st.lists(_REQUESTS | st.just(GOOD) | st.binary(max_size=40), min_size=1, max_size=4)


async def _everything_said(site: Served, pieces: list[bytes]) -> bytes:
    """What the gateway says until the connection is at its end; every deadline passes at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(PATIENCE_S):
        for piece in pieces:
            if not writer.is_closing():
                writer.write(piece)
            await asyncio.sleep(0)
        while not reading.done():
            await asyncio.sleep(0.002)
            site.sweep()
    writer.close()
    return b"" if reading.exception() else reading.result()


def test_anything_on_a_socket_is_answered_or_its_connection_ended() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        serving = served(Gateway())
        site = runner.run(serving.__aenter__())

        @settings(max_examples=100, deadline=None)
        @given(_PIECES)
        def exchange(pieces: list[bytes]) -> None:
            said = runner.run(_everything_said(site, pieces))
            statuses = set(re.findall(rb"HTTP/1.1 (\d+) ", said))
            assert statuses <= {b"100", b"200", b"204", b"400", b"401", b"405", b"408", b"413", b"431"}

        try:
            exchange()
            runner.run(site.when(lambda: not site.guard.connections))
        finally:
            runner.run(serving.__aexit__(None, None, None))
