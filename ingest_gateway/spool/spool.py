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
_PATIENCE_S: Final = 5.0
"""For an fsync: more than a busy disk takes, and less than clients wait."""
_CLOSE_S: Final = 2.0
_NEITHER: Final = "neither Kafka nor the disk takes events: send the same events again"

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


@dataclass(slots=True)
class Keeping:
    """An entry on its way to the disk. `kept`: whoever waits for that; `late`: nobody does any more."""

    records: Sequence[Record]
    in_flight: InFlight | None
    landed_late: Callable[[], None]
    kept: "asyncio.Future[None]"
    late: bool = False


class Spool:
    """One folder of segments, held by this process alone (slots.py). Belongs to one event loop."""

    def __init__(
        self,
        folder: Path,
        bounds: Bounds,
        found: Recovered,
        now_ms: Callable[[], int],
        patience_s: float,
    ) -> None:
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
        self._patience_s = patience_s
        self._overdue = 0
        """Entries that are being written for longer than that."""
        self._writer = GroupCommit(SegmentWriter(folder, self._segment_bytes))
        self._handed_over: deque[Entry] = deque()
        self._just_settled: list[int] = []
        self._reading = False

    @classmethod
    async def open(
        cls,
        folder: Path,
        bounds: Bounds,
        now_ms: Callable[[], int],
        patience_s: float = _PATIENCE_S,
    ) -> "Spool":
        """Read what is there. `patience_s`: how long anybody waits for the disk. Raises OSError."""
        found = await asyncio.to_thread(recover, folder)
        for kept_in in found.damaged:
            _log.error("spool_damaged", kept_in=kept_in)
        if found.entries:
            _log.warning("spool_found", folder=str(folder), entries=found.entries)
        else:
            found.forget_all()
        return cls(folder, bounds, found, now_ms, patience_s)

    def problem(self) -> str | None:
        """Why it takes nothing, or next to nothing, now; None where it does."""
        return self.broken or self._refusal(self._segment_bytes)

    def _refusal(self, size: int) -> str | None:
        """Why so many bytes more are not even to be written."""
        if self._overdue:
            return "the spool's disk does not answer"
        return self.ledger.full(size, self._now_ms())

    async def keep(
        self,
        records: Sequence[Record],
        in_flight: InFlight | None = None,
        landed_late: Callable[[], None] = lambda: None,
    ) -> None:
        """Return when the records are on the disk. Raises Unavailable; then they may be there all the same.

        With a delivery in flight, the entry is settled when that ends well, and the drainer's when it does
        not; without one it is the drainer's from the start. `landed_late` is called where the entry is the
        drainer's although Unavailable was raised.
        """
        payload = frames.pack(records)
        refusal = self._refusal(FRAME_BYTES + len(payload))
        if refusal is not None:
            raise Unavailable(f"Kafka does not answer and {refusal}: send the same events again, later")
        keeping = Keeping(records, in_flight, landed_late, asyncio.get_running_loop().create_future())
        self._write(Kind.ENTRY, payload, durable=True, done=partial(self._entry_written, keeping))
        try:
            async with asyncio.timeout(self._patience_s):
                await keeping.kept
        except TimeoutError:
            if keeping.kept.cancelled():
                self._give_up(keeping)
                raise Unavailable(_NEITHER) from None
            keeping.kept.result()  # written at the very moment

    def _give_up(self, keeping: "Keeping") -> None:
        keeping.late = True
        self._overdue += 1
        if self._overdue == 1:
            _log.error("spool_stalled", seconds=self._patience_s)

    def _entry_written(self, keeping: "Keeping", write: Write, outcome: Extent | Exception) -> None:
        self._written(write, outcome)
        self._overdue -= keeping.late
        if isinstance(outcome, Exception):
            if not keeping.kept.done():
                keeping.kept.set_exception(Unavailable(_NEITHER))
            return
        self._committed(Entry(write.number, write.at, keeping.records), keeping)
        if not keeping.kept.done():
            keeping.kept.set_result(None)

    def _committed(self, entry: Entry, keeping: "Keeping") -> None:
        waiting = Waiting(entry.at, len(entry.records))
        self.ledger.committed(entry.number, waiting, owned=keeping.in_flight is not None)
        if keeping.in_flight is None:
            self._the_drainers(keeping)
        else:
            keeping.in_flight.when_settled(partial(self._landed, entry, keeping))

    def _landed(self, entry: Entry, keeping: "Keeping", delivered: bool) -> None:
        if delivered:
            self.settle(entry)
            return
        self.ledger.hand_over(entry.number)
        self._handed_over.append(entry)
        self._the_drainers(keeping)

    def _the_drainers(self, keeping: "Keeping") -> None:
        if keeping.late:
            keeping.landed_late()
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
                self.note_damage(unread.segment, piece, data)
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
        except FileNotFoundError:
            return bytes(end - unread.start)  # somebody removed it: damage like any other
        finally:
            self._reading = False

    def _mine(self, frame: Frame) -> Entry | None:
        records = frames.unpack(frame.payload)
        mine = self.ledger.read(frame.number, Waiting(frame.at, len(records)))
        return Entry(frame.number, frame.at, records) if mine else None

    def note_damage(self, segment: Segment, damage: Damage, data: bytes) -> None:
        """Keep damaged bytes of a segment aside, and count them."""
        self.damaged += 1
        _log.error("spool_damaged", kept_in=set_aside(self.folder, segment, damage, data))

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

    async def close(self) -> bool:
        """Leave on the disk what waits, and nothing else.

        False where the disk does not answer: it may still be written to, so that nobody else may have it.
        """
        self.note_settled()
        try:
            async with asyncio.timeout(min(self._patience_s, _CLOSE_S)):
                await self._writer.flush()
                self._remove(self.ledger.clear())
                await self._writer.close()
        except TimeoutError:
            _log.error("spool_not_closed", folder=str(self.folder))
            return False
        return True
