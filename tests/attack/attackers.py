"""Clients that mean harm, all at once and until stopped: `python -m tests.attack.attackers PORT SLOW`.

They come from 127.0.0.2, so that limits by address are theirs alone. SLOW: how many connections are kept
open by a byte of a head, or of a body, now and then. Everybody begins again when the gateway closes.
"""

import asyncio
import sys
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import count, repeat
from typing import Final

import brotli

from tests.integration.gateway_rig import ORIGIN

FROM: Final = ("127.0.0.2", 0)
MIB: Final = 1024 * 1024
BOMB_MIB: Final = 10 * 1024
_PAUSE_S: Final = 0.05
_DRIP_S: Final = 1.0

Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def head(length: int, *lines: str) -> bytes:
    """A good request's head, but for these lines."""
    own = ("POST /api/analytics HTTP/1.1", "host: x", f"origin: {ORIGIN}", f"content-length: {length}")
    return "\r\n".join([*own, *lines, "", ""]).encode()


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


_SMALL_BOMB: Final = brotli.compress(bytes(256 * MIB), quality=5)


async def brotli_bombs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A quarter of a gigabyte in a few hundred bytes: within the bound as sent, far beyond it decoded."""
    writer.write(head(len(_SMALL_BOMB), "content-encoding: br") + _SMALL_BOMB)
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
_LOUD: Final = (gzip_bombs, brotli_bombs, nesting, header_floods)
_SLOW: Final = (slow_heads, slow_bodies, silence)


async def again_and_again(attack: Attack, port: int) -> None:
    """One attacker, for ever."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=FROM)
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
    asyncio.run(attack_all(int(sys.argv[1]), int(sys.argv[2])))
