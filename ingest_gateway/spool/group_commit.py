"""The spool's one writer: a thread that writes what has gathered while it waited for the disk.

One fsync serves everybody who came in the meantime, so that it costs the less per entry the more there are.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from ingest_gateway.spool.segments import Extent, Segment

_GROUP_BYTES: Final = 4 * 1024 * 1024


class Disk(Protocol):
    """Where groups of frames go (segments.SegmentWriter)."""

    def append(self, order: int, bodies: Sequence[bytes], durable: bool) -> Extent:
        """Raises OSError; then none of them counts."""
        ...

    def remove(self, segment: Segment) -> None:
        """Raises OSError."""
        ...

    def close(self) -> None:
        """Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Write:
    """A frame's body to be written. `durable`: it is written only when it is on the disk."""

    number: int
    at: int
    body: bytes
    durable: bool
    done: Callable[["Write", Extent | Exception], None]
    """Called on the loop, in the order of the numbers."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A segment to be removed."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Flush:
    """Tell when everything before this is done."""

    done: asyncio.Event


@dataclass(frozen=True, slots=True)
class End:
    """Nothing comes behind this."""


Order = Write | Removal | Flush | End


class GroupCommit:
    """Takes orders from the event loop that made it, and tells it there how they ended."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._loop = asyncio.get_running_loop()
        self._orders: SimpleQueue[Order] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def order(self, order: Order) -> None:
        """Have it done after everything that was ordered before."""
        self._orders.put(order)

    async def flush(self) -> None:
        """Return when everything that was ordered is done, and told."""
        flush = Flush(asyncio.Event())
        self._orders.put(flush)
        await flush.done.wait()

    async def close(self) -> None:
        """Finish what was ordered, and end."""
        self._orders.put(End())
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while True:
            for kind, orders in groupby(list(self._gather()), type):
                if kind is Write:
                    self._commit([order for order in orders if isinstance(order, Write)])
                    continue
                for order in orders:
                    self._do(order)
                if kind is End:
                    return

    def _do(self, order: Order) -> None:
        # What cannot be removed or closed is found again by the next start.
        with suppress(OSError):
            if isinstance(order, Removal):
                self._disk.remove(order.segment)
            elif isinstance(order, Flush):
                self._loop.call_soon_threadsafe(order.done.set)
            else:
                self._disk.close()

    def _gather(self) -> Iterator[Order]:
        """Wait for an order; then what else has come by now, up to a size."""
        order = self._orders.get()
        yield order
        size = 0
        with suppress(Empty):
            while size < _GROUP_BYTES:
                size += len(order.body) if isinstance(order, Write) else 0
                order = self._orders.get_nowait()
                yield order

    def _commit(self, group: Sequence[Write]) -> None:
        outcome: Extent | Exception
        try:
            durable = any(write.durable for write in group)
            outcome = self._disk.append(group[0].number, [write.body for write in group], durable)
        except Exception as error:  # whatever it is, those who wait must hear of it
            outcome = error
        self._loop.call_soon_threadsafe(_tell, group, outcome)


def _tell(group: Sequence[Write], outcome: Extent | Exception) -> None:
    for write in group:
        write.done(write, outcome)
