"""Records that Kafka refuses while it takes others: out of the spool's way, kept for a person to look at."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from ingest_gateway.record import Record
from ingest_gateway.spool import frames
from ingest_gateway.spool.frames import Kind
from ingest_gateway.spool.segments import SegmentWriter
from ingest_gateway.spool.spool import Entry

QUARANTINE: Final = "quarantine"
"""Folder in a slot. Its files are segments: one moved back into the slot is drained after the next start."""

_log = structlog.get_logger()


class Quarantine:
    """The quarantine of one slot. `tell`: makes a dead letter of a record, since when it waits, and why."""

    def __init__(self, slot: Path, tell: Callable[[Record, int, str], None]) -> None:
        self._folder = slot / QUARANTINE
        self._tell = tell

    async def keep(self, entry: Entry, records: Sequence[Record], why: str) -> None:
        """Return when these records of an entry are on the disk. Raises OSError."""
        await asyncio.to_thread(self._write, entry, records)
        _log.error("records_quarantined", records=len(records), why=why, folder=str(self._folder))
        for record in records:
            self._tell(record, entry.at, why)

    def _write(self, entry: Entry, records: Sequence[Record]) -> None:
        self._folder.mkdir(exist_ok=True)
        writer = SegmentWriter(self._folder, segment_bytes=0)
        body = frames.body(Kind.ENTRY, entry.number, entry.at, frames.pack(records))
        try:
            writer.append(entry.number, [body], durable=True)
        finally:
            writer.close()
