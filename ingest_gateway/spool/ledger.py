"""Who answers for each entry of the spool. Pure: no disk, no clock, no Kafka.

Every entry has exactly one owner until it is settled:

- its request's own delivery, still in flight to Kafka (`owned`): the entry is insurance against a crash;
- the drainer, who has read it or was given it (`held`);
- the drainer, who has not read it yet: everything behind the cursor.

The drainer reads the segments from front to back and passes over what is owned or settled. An owned entry
whose delivery failed is handed over to it in memory: the cursor may be far beyond.
"""

from bisect import bisect_right
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Final

from ingest_gateway.spool.recovery import Recovered, Stretch
from ingest_gateway.spool.segments import Extent, Segment

_NUMBERS_A_MS: Final = 20
"""Bits: numbers begin at the time of opening, so that those of different folders and runs differ too."""

_SETTLED_AMONG_AGES: Final = 1_000
"""So many, and twice as many as wait, are let lie in the heap before it is made anew."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, in bytes on the disk, and how long, in milliseconds."""

    max_bytes: int
    max_age_ms: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a segment that the drainer has not read yet."""

    segment: Segment
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that somebody answers for in memory: when it came, and how many records it has."""

    at: int
    records: int


class Ledger:
    """The accounts of one spool. Times are epoch milliseconds."""

    def __init__(self, found: Recovered, bounds: Bounds, now: int) -> None:
        self._bounds = bounds
        self._stretches = found.stretches
        self._settled_ahead = found.settled
        self._last_number = max(found.last_number, now << _NUMBERS_A_MS)
        self._reserved = 0
        self._owned: dict[int, Waiting] = {}
        self._held: dict[int, Waiting] = {}
        self._by_age: list[tuple[int, int]] = []
        """A heap of when each of these came, and its number; and of some that have been settled since."""
        self._cursor, self._offset, self._passed = 0, 0, 0
        self.lost = 0
        """Records that were on the disk, and could not be read when their turn came."""

    @property
    def entries(self) -> int:
        """How many entries wait, whoever answers for them."""
        return sum(stretch.entries for stretch in self._stretches)

    @property
    def records(self) -> int:
        """How many records these hold."""
        return sum(stretch.records for stretch in self._stretches)

    @property
    def bytes(self) -> int:
        """What the spool takes on the disk, and will take when what is being written is there."""
        return sum(stretch.end for stretch in self._stretches) + self._reserved

    def oldest(self) -> int | None:
        """When the oldest entry came that somebody answers for in memory; the unread ones are younger."""
        while self._by_age and not self._answered_for(self._by_age[0][1]):
            heappop(self._by_age)
        return self._by_age[0][0] if self._by_age else None

    def _answered_for(self, number: int) -> bool:
        return number in self._owned or number in self._held

    def _remember_age(self, number: int, waiting: Waiting) -> None:
        if len(self._by_age) > _SETTLED_AMONG_AGES + 2 * (len(self._owned) + len(self._held)):
            self._by_age = [age for age in self._by_age if self._answered_for(age[1])]
            heapify(self._by_age)
        heappush(self._by_age, (waiting.at, number))

    def full(self, size: int, now: int) -> str | None:
        """Why so many bytes more are not taken now; None where they are."""
        if self.bytes + size > self._bounds.max_bytes:
            return "the spool is full"
        oldest = self.oldest()
        if oldest is not None and now - oldest > self._bounds.max_age_ms:
            return "the spool holds events that have waited too long"
        return None

    def reserve(self, size: int) -> int:
        """A number for a new entry, whose frame takes so many bytes."""
        self._reserved += size
        self._last_number += 1
        return self._last_number

    def unreserve(self, size: int) -> None:
        """A frame of that size was written, or will not be."""
        self._reserved -= size

    def reached(self, extent: Extent, number: int) -> None:
        """A group of frames is on the disk, up to there; `number` is the first one's."""
        if not self._stretches or self._stretches[-1].segment != extent.segment:
            self._stretches.append(Stretch(extent.segment, number, 0))
        self._stretches[-1].end = extent.end

    def committed(self, number: int, waiting: Waiting, owned: bool) -> None:
        """An entry of that group. `owned`: its own delivery answers for it."""
        stretch = self._stretches[-1]
        stretch.entries += 1
        stretch.records += waiting.records
        if owned:
            self._owned[number] = waiting
            self._remember_age(number, waiting)

    def settle(self, number: int, records: int) -> None:
        """The entry need not wait any longer."""
        self._owned.pop(number, None)
        self._held.pop(number, None)
        if number > self._passed:
            self._settled_ahead.add(number)
        stretch = self._stretches[bisect_right(self._stretches, number, key=attrgetter("first")) - 1]
        stretch.entries -= 1
        stretch.records -= records

    def hand_over(self, number: int) -> None:
        """The entry's own delivery failed: from now on the drainer answers for it."""
        self._held[number] = self._owned.pop(number)

    def unread(self) -> Unread | None:
        """Where the drainer reads next; None where there is nothing."""
        while self._cursor < len(self._stretches):
            stretch = self._stretches[self._cursor]
            if self._offset < stretch.end:
                return Unread(stretch.segment, self._offset, stretch.end)
            self._write_off(self._cursor)
            if self._cursor == len(self._stretches) - 1:
                return None
            self._cursor, self._offset = self._cursor + 1, 0
        return None

    def _write_off(self, index: int) -> None:
        """All of a segment was read: what waits in it and nobody answers for could not be."""
        stretch = self._stretches[index]
        if not stretch.entries:
            return
        behind = (
            self._stretches[index + 1].first if index + 1 < len(self._stretches) else self._last_number + 1
        )
        known = [
            entry
            for waiting in (self._owned, self._held)
            for number, entry in waiting.items()
            if stretch.first <= number < behind
        ]
        records = sum(entry.records for entry in known)
        self.lost += stretch.records - records
        stretch.entries, stretch.records = len(known), records

    def read_to(self, offset: int) -> None:
        """The drainer has read its segment up to there."""
        self._offset = offset

    def read(self, number: int, waiting: Waiting) -> bool:
        """The drainer has read this entry: whether it answers for it from now on."""
        self._passed = number
        if number in self._settled_ahead:
            self._settled_ahead.discard(number)
            return False
        if self._answered_for(number):
            return False
        self._held[number] = waiting
        self._remember_age(number, waiting)
        return True

    def removable(self, reading: bool) -> list[Segment]:
        """Take out the oldest segments in which nothing waits, but the newest one, read or not.

        `reading`: the drainer is just reading where the cursor is. Strictly from the front: a SETTLED frame
        must not go before the segment its entries are in.
        """
        gone = []
        while len(self._stretches) > 1 and not self._stretches[0].entries:
            if self._cursor == 0 and reading:
                break
            gone.append(self._stretches.pop(0).segment)
            if self._cursor == 0:
                self._pass_over(self._stretches[0].first - 1)
            else:
                self._cursor -= 1
        return gone

    def _pass_over(self, number: int) -> None:
        """The cursor is at the front of the next segment: up to this number nothing waits."""
        self._offset, self._passed = 0, number
        self._settled_ahead = {settled for settled in self._settled_ahead if settled > number}

    def clear(self) -> list[Segment]:
        """Take out all segments, where nothing waits or is being written."""
        if self.entries or self._reserved:
            return []
        gone = [stretch.segment for stretch in self._stretches]
        self._stretches.clear()
        self._settled_ahead.clear()
        self._cursor = self._offset = 0
        return gone
