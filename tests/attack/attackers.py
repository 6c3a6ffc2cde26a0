"""Clients that mean harm, all at once and until stopped: `python -m tests.attack.attackers PORT SLOW`.

Each kind comes from an address of its own, so that no other kind's use of its limit keeps it from getting as
far as it can, and limits of good clients are theirs alone. SLOW: how many connections are kept open by a byte
of a head, or of a body, now and then. Everybody begins again when the gateway closes.
"""

import asyncio
import gzip
import json
import logging
import socket
import sys
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import count, repeat
from typing import Final

import brotli

from schemas.limits import BODY_BYTES
from tests.integration.gateway_rig import ORIGIN

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB: Final = 1024 * 1024
BOMB_MIB: Final = 10 * 1024
_PAUSE_S: Final = 0.05
_DRIP_S: Final = 1.0
_DEAF: Final = 10

Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def head(length: int, *lines: str) -> bytes:
    """A good request's head, but for these lines."""
    own = ("POST /api/analytics HTTP/1.1", "host: x", f"origin: {ORIGIN}", f"content-length: {length}")
    return "\r\n".join([*own, *lines, "", ""]).encode()


def chunked_head(*lines: str) -> bytes:
    """The same for a body in chunks."""
    return head(0, *lines).replace(b"content-length: 0", b"transfer-encoding: chunked")


def gzip_bomb(mebibytes: int) -> tuple[int, Iterator[bytes]]:
    """Length and pieces of a gzip stream of that many MiB of zeros, made without making the zeros.

    A full flush ends every MiB so that the next one is the same bytes again.
    """
    one = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MIB)
    first = one.compress(zeros) + one.flush(zlib.Z_FULL_FLUSH)
    again = one.compress(zeros) + one.flush(zlib.Z_FULL_FLUSH)
    return len(first) + len(again) * (mebibytes - 1), _chain(first, repeat(again, mebibytes - 1))


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


async def gzip_bombs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """10 GB of zeros in 10 MB of gzip."""
    length, pieces = gzip_bomb(BOMB_MIB)
    writer.write(head(length, "content-encoding: gzip"))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    await reader.read()


def _gzipped_zeros() -> bytes:
    """As much of a bomb as may be sent; it has no end, and needs none."""
    _, pieces = gzip_bomb(BOMB_MIB)
    bomb = bytearray()
    while len(bomb) < BODY_BYTES:
        bomb += next(pieces)
    return bytes(bomb[: BODY_BYTES - 1])


_SMALL_BOMBS: Final = {
    "gzip": _gzipped_zeros(),
    "br": brotli.compress(bytes(256 * MIB), quality=5),
    "zstd": zstd.compress(bytes(256 * MIB)),
}
"""Within the bound as sent, a quarter of a gigabyte or more when decoded: the decoder's bound stops them."""


async def small_bombs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each encoding in its turn; in one chunk, so that no Content-Length gives them away."""
    encoding, bomb = [*_SMALL_BOMBS.items()][next(_TURNS) % len(_SMALL_BOMBS)]
    writer.write(chunked_head(f"content-encoding: {encoding}"))
    writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb))
    await writer.drain()
    await reader.read()


async def nesting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """10 MB of `[`; every other time as many as a body may be."""
    size = 10 * MIB if next(_TURNS) % 2 else 512 * 1024
    writer.write(head(size))
    for _ in range(size // 65_536):
        writer.write(b"[" * 65_536)
        await writer.drain()
    await reader.read()


async def header_floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """10,000 headers; every other time one of 2 MB."""
    if next(_TURNS) % 2:
        writer.write(head(0, *(f"x-{number}: {'y' * 100}" for number in range(10_000))))
    else:
        writer.write(head(0, f"x: {'y' * 2 * MIB}"))
    await writer.drain()
    await reader.read()


_COSTLY: Final = gzip.compress(
    json.dumps(
        {
            "sessionId": "costly",
            "events": [{"eventType": "PAGE_VIEW", "path": "/", "eventData": {"a": [{}] * 310}}] * 500,
        },
        separators=(",", ":"),
    ).encode()
)


async def costly_bodies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """500 valid events that are a kilobyte as sent and half a megabyte decoded."""
    while True:
        writer.write(head(len(_COSTLY), "content-encoding: gzip") + _COSTLY)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(_PAUSE_S)


async def pipelines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As many requests as go into one piece."""
    writer.write(b"GET / HTTP/1.1\r\n\r\n" * 4_000)
    await writer.drain()
    await reader.read()


async def trailers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body in chunks, and behind it 2 MB of headers."""
    writer.write(chunked_head() + b"1\r\n{\r\n0\r\n")
    for _ in range(1_000):
        writer.write(b"x-forwarded-for: 6.6.6.6\r\n" * 80)
        await writer.drain()
    await reader.read()


async def side_doors(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The documents beside the hot address, as often as they come."""
    addresses = (b"/openapi.json", b"/docs", b"/sillage.js", b"/", b"/nope")
    for _ in range(200):
        writer.write(b"".join(b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % address for address in addresses))
        await reader.read(65_536)


async def deaf_readers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Megabytes of answers that nobody reads: more than the system takes for such a client."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    while True:
        writer.write(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 2)
        await writer.drain()
        await asyncio.sleep(_PAUSE_S)


async def slow_heads(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte of a header now and then (slowloris)."""
    writer.write(head(10, "x: y")[:-4])
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(_DRIP_S)


async def slow_bodies(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte of the body now and then."""
    writer.write(head(10_000))
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(_DRIP_S)


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A connection, and nothing."""
    await reader.read()


_TURNS: Final = count()
_LOUD: Final = (
    gzip_bombs,
    small_bombs,
    nesting,
    header_floods,
    costly_bodies,
    pipelines,
    trailers,
    side_doors,
    *[deaf_readers] * _DEAF,
)
_SLOW: Final = (slow_heads, slow_bodies, silence)
_ADDRESSES: Final[dict[Attack, str]] = {
    attack: f"127.0.0.{number}" for number, attack in enumerate(dict.fromkeys([*_LOUD, *_SLOW]), start=2)
}


async def _connected(address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """With little room for what it does not read."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    own.setblocking(False)
    own.bind((address, 0))
    await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=own)


async def again_and_again(attack: Attack, port: int) -> None:
    """One attacker, for ever."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await _connected(_ADDRESSES[attack], port)
            try:
                await attack(reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(_PAUSE_S)


async def attack_all(port: int, slow: int) -> None:
    """Every kind at once."""
    async with asyncio.TaskGroup() as attackers:
        for attack in _LOUD:
            attackers.create_task(again_and_again(attack, port))
        for number in range(slow):
            attackers.create_task(again_and_again(_SLOW[number % len(_SLOW)], port))


if __name__ == "__main__":
    # Writing on where the gateway has closed is what some of them are for.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    asyncio.run(attack_all(int(sys.argv[1]), int(sys.argv[2])))
