"""A spool on a folder of its own, Kafka's part played by the test."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from ingest_gateway.record import Record
from ingest_gateway.spool.group_commit import End
from ingest_gateway.spool.ledger import Bounds
from ingest_gateway.spool.spool import Entry, Spool

NOW = 1_772_366_400_000
ROOM = Bounds(max_bytes=1024 * 1024, max_age_ms=60_000)


class Delivery:
    """One that is in flight until the test ends it."""

    def __init__(self) -> None:
        self._tell: Callable[[bool], None] | None = None
        self._outcome: bool | None = None

    def when_settled(self, tell: Callable[[bool], None]) -> None:
        self._tell = tell
        if self._outcome is not None:
            tell(self._outcome)

    def end(self, delivered: bool) -> None:
        self._outcome = delivered
        if self._tell is not None:
            self._tell(delivered)


def records(*names: str) -> list[Record]:
    return [Record(b"session", name.encode()) for name in names]


def names(entries: list[Entry]) -> list[str]:
    return [record.value.decode() for entry in entries for record in entry.records]


async def opened(
    folder: Path, bounds: Bounds = ROOM, now: Callable[[], int] = lambda: NOW, patience_s: float = 60
) -> Spool:
    return await Spool.open(folder, bounds, now, patience_s)


async def until(true: Callable[[], bool]) -> None:
    """Wait until it holds; the test's own time limit ends it."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def crash(spool: Spool) -> None:
    """As by kill -9: nothing more is written."""
    spool._writer.order(End())
    await asyncio.to_thread(spool._writer._thread.join)


async def taken(spool: Spool) -> list[Entry]:
    """Everything the drainer would find now."""
    found: list[Entry] = []
    while page := await spool.take(3):
        found += page
    return found
