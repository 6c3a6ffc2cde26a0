"""The spool as the event loop sees it: keep records on the disk, take them back, settle them."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import structlog

from ingest_gateway.errors import Unavailable
from ingest_gateway.record import Record
from ingest_gateway.spool import frames
from ingest_gateway.spool.frames import FRAME_BYTES, Damage, Frame, Kind
from ingest_gateway.spool.group_commit import GroupCommit, Removal, Write
from ingest_gateway.spool.ledger import Bounds, Ledger, Unread, Waiting
from ingest_gateway.spool.recovery import Recovered, recover, set_aside
from ingest_gateway.spool.segments import Extent, Segment, SegmentWriter

_READ_BYTES: Final = 1024 * 1024
_SETTLED_TOGETHER_S: Final = 0.05
_SEGMENTS_IN_A_FULL_SPOOL: Final = 16
_LARGEST_SEGMENT: Final = 16 * 1024 * 1024
_LEFT_TO_ITSELF: Final = 1024 * 1024
"""Below this an empty spool keeps its segment: the next entry goes into the same file."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """Records of one request that wait for Kafka. `at`: since when, epoch milliseconds."""

    number: int
    at: int
    records: Sequence[Record]


class InFlight(Protocol):
    """A delivery to Kafka that nobody waits for any longer."""

    def when_settled(self, tell: Callable[[bool], None]) -> None:
        """Call this with whether Kafka has every record, when that is known; at once where it is."""
        ...


class Spool:
    """One folder of segments, held by this process alone (slots.py). Belongs to one event loop."""

    def __init__(self, folder: Path, bounds: Bounds, found: Recovered, now_ms: Callable[[], int]) -> None:
        self._segment_bytes = min(_LARGEST_SEGMENT, bounds.max_bytes // _SEGMENTS_IN_A_FULL_SPOOL)
        self.folder = folder
        self.ledger = Ledger(found, bounds, now_ms())
        self.damaged = len(found.damaged)
        """Places where bytes were found that are no frame."""
        self.broken: str | None = None
        """Why the newest attempt to write failed."""
        self.filled = asyncio.Event()
        """There may be something to take."""
        self.filled.set()
        self._now_ms = now_ms
        self._writer = GroupCommit(SegmentWriter(folder, self._segment_bytes))
        self._handed_over: deque[Entry] = deque()
        self._just_settled: list[int] = []
        self._reading = False

    @classmethod
    async def open(cls, folder: Path, bounds: Bounds, now_ms: Callable[[], int]) -> "Spool":
        """Read what is there. Raises OSError."""
        found = await asyncio.to_thread(recover, folder)
        for kept_in in found.damaged:
            _log.error("spool_damaged", kept_in=kept_in)
        if found.entries:
            _log.warning("spool_found", folder=str(folder), entries=found.entries)
        else:
            found.forget_all()
        return cls(folder, bounds, found, now_ms)

    def problem(self) -> str | None:
        """Why it takes nothing, or next to nothing, now; None where it does."""
        return self.broken or self.ledger.full(self._segment_bytes, self._now_ms())

    async def keep(self, records: Sequence[Record], in_flight: InFlight | None = None) -> None:
        """Return when the records are on the disk. Raises Unavailable; then they may be there all the same.

        With a delivery in flight, the entry is settled when that ends well, and the drainer's when it does
        not; without one it is the drainer's from the start.
        """
        payload = frames.pack(records)
        refusal = self.ledger.full(FRAME_BYTES + len(payload), self._now_ms())
        if refusal is not None:
            raise Unavailable(f"Kafka does not answer and {refusal}: send the same events again, later")
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def written(write: Write, outcome: Extent | Exception) -> None:
            self._written(write, outcome)
            if isinstance(outcome, Exception):
                _fail(
                    kept, Unavailable("neither Kafka nor the disk takes events: send the same events again")
                )
                return
            self._committed(Entry(write.number, write.at, records), in_flight)
            if not kept.done():
                kept.set_result(None)

        self._write(Kind.ENTRY, payload, durable=True, done=written)
        await kept

    def _committed(self, entry: Entry, in_flight: InFlight | None) -> None:
        waiting = Waiting(entry.at, len(entry.records))
        self.ledger.committed(entry.number, waiting, owned=in_flight is not None)
        if in_flight is None:
            self.filled.set()
        else:
            in_flight.when_settled(partial(self._landed, entry))

    def _landed(self, entry: Entry, delivered: bool) -> None:
        if delivered:
            self.settle(entry)
            return
        self.ledger.hand_over(entry.number)
        self._handed_over.append(entry)
        self.filled.set()

    async def take(self, most: int) -> list[Entry]:
        """The next entries for the drainer, who answers for them from now on; empty where there are none."""
        if self._handed_over:
            return [self._handed_over.popleft() for _ in range(min(most, len(self._handed_over)))]
        while (unread := self.ledger.unread()) is not None:
            if entries := await self._read(unread, most):
                return entries
        self.filled.clear()
        return []

    async def _read(self, unread: Unread, most: int, size: int = _READ_BYTES) -> list[Entry]:
        end = min(unread.end, unread.start + size)
        data = await self._bytes(unread, end)
        entries: list[Entry] = []
        position = unread.start
        for piece in frames.scan(data, unread.segment.marker):
            if isinstance(piece, Damage):
                if unread.start + piece.end == end < unread.end:
                    break  # as far as can be told from here: the read ends within a frame
                self._damage(unread, piece, data)
            elif piece.kind is Kind.ENTRY and (entry := self._mine(piece)) is not None:
                entries.append(entry)
            position = unread.start + piece.end
            if len(entries) == most:
                break
        if position == unread.start:
            return await self._read(unread, most, 4 * size)
        self.ledger.read_to(position)
        return entries

    async def _bytes(self, unread: Unread, end: int) -> bytes:
        self._reading = True  # the segment stays, whatever is settled meanwhile
        try:
            return await asyncio.to_thread(unread.segment.read, unread.start, end)
        finally:
            self._reading = False

    def _mine(self, frame: Frame) -> Entry | None:
        records = frames.unpack(frame.payload)
        mine = self.ledger.read(frame.number, Waiting(frame.at, len(records)))
        return Entry(frame.number, frame.at, records) if mine else None

    def _damage(self, unread: Unread, damage: Damage, data: bytes) -> None:
        self.damaged += 1
        _log.error("spool_damaged", kept_in=set_aside(self.folder, unread.segment, damage, data))

    def settle(self, entry: Entry) -> None:
        """Kafka has it, or it is kept elsewhere."""
        self.ledger.settle(entry.number, len(entry.records))
        if not self._just_settled:
            asyncio.get_running_loop().call_later(_SETTLED_TOGETHER_S, self.note_settled)
        self._just_settled.append(entry.number)

    def note_settled(self) -> None:
        """Write down what was settled since the last time, and remove what is not needed any more."""
        if not self._just_settled:
            return
        numbers, self._just_settled = self._just_settled, []
        self._remove(self.ledger.removable(self._reading))
        if self.ledger.bytes > _LEFT_TO_ITSELF and not self._reading:
            self._remove(self.ledger.clear())
        if self.ledger.bytes:
            self._write(Kind.SETTLED, frames.pack_numbers(numbers), durable=False, done=self._written)

    def _remove(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            self._writer.order(Removal(segment))

    def try_again(self) -> None:
        """After a failure: see whether the disk takes anything now."""
        self._write(Kind.SETTLED, b"", durable=True, done=self._written)

    def _write(
        self, kind: Kind, payload: bytes, durable: bool, done: Callable[[Write, Extent | Exception], None]
    ) -> None:
        number, at = self.ledger.reserve(FRAME_BYTES + len(payload)), self._now_ms()
        self._writer.order(Write(number, at, frames.body(kind, number, at, payload), durable, done))

    def _written(self, write: Write, outcome: Extent | Exception) -> None:
        self.ledger.unreserve(frames.size_on_disk(write.body))
        if isinstance(outcome, Exception):
            if self.broken is None:
                _log.error("spool_broken", exc_info=outcome)
            self.broken = f"the spool's disk takes nothing: {outcome}"
            return
        self.broken = None
        self.ledger.reached(outcome, write.number)

    async def close(self) -> None:
        """Leave on the disk what waits, and nothing else."""
        self.note_settled()
        await self._writer.flush()
        self._remove(self.ledger.clear())
        await self._writer.close()


def _fail(kept: "asyncio.Future[None]", error: Exception) -> None:
    if not kept.done():
        kept.set_exception(error)
