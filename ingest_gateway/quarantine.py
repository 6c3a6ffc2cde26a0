"""Records that Kafka refuses while it takes others: out of the spool's way, kept for a person to look at.

    slot-1/quarantine/<name>.quarantined    set aside here, a file for each entry
    slot-1/replay/<name>.quarantined        moved there by a person: to be tried again
    slot-1/<name>.replaying                 being taken into the spool

What is tried again goes through the spool's front door and has numbers of its own there: the old ones are
settled for good.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from ingest_gateway.record import Record
from ingest_gateway.spool import frames
from ingest_gateway.spool.frames import Damage, Kind
from ingest_gateway.spool.segments import Segment, sync_folder, write_alone
from ingest_gateway.spool.spool import Entry, Spool

QUARANTINE: Final = "quarantine"
REPLAY: Final = "replay"
_SET_ASIDE: Final = ".quarantined"
_REPLAYING: Final = ".replaying"
_NAME: Final = re.compile(r"\d+-(?:[0-9a-f]{2})+")

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
        sync_folder(self._folder.parent)
        body = frames.body(Kind.ENTRY, entry.number, entry.at, frames.pack(records))
        write_alone(Segment.new(self._folder, entry.number, _SET_ASIDE), body)


def to_replay(slot: Path) -> list[Path]:
    """Files of the slot that wait to be tried again: first those that were already begun. Raises OSError."""
    found = [*sorted(slot.glob(f"*{_REPLAYING}")), *sorted((slot / REPLAY).glob(f"*{_SET_ASIDE}"))]
    return [path for path in found if _NAME.fullmatch(path.stem)]


async def replay(spool: Spool) -> None:
    """Take into the spool what was moved to its slot's folder `replay`.

    Raises OSError, and Unavailable where the spool takes nothing. What was not finished then, or because of a
    kill, is taken in again from the file's beginning: twice in the topic at worst, and counted once there.
    """
    for path in await asyncio.to_thread(to_replay, spool.folder):
        # Out of a folder that is perhaps not ours first: what cannot be removed must not be sent for ever.
        own = await asyncio.to_thread(path.rename, spool.folder / f"{path.stem}{_REPLAYING}")
        records = await _take_in(spool, Segment(own))
        await asyncio.to_thread(own.unlink)
        _log.warning("records_replayed", records=records, file=path.name)


async def _take_in(spool: Spool, segment: Segment) -> int:
    data, records = await asyncio.to_thread(segment.read), 0
    for piece in frames.scan(data, segment.marker):
        if isinstance(piece, Damage):
            spool.note_damage(segment, piece, data)
        elif piece.kind is Kind.ENTRY:
            kept = frames.unpack(piece.payload)
            await spool.keep(kept)
            records += len(kept)
    return records
