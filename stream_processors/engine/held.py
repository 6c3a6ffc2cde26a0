"""A source partition at work: its state, its writer, and the commit under way."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Final

from stream_processors.engine.batch import Batch, Record
from stream_processors.engine.crash import or_exit
from stream_processors.engine.metrics import EngineMetrics
from stream_processors.engine.partition import Flush
from stream_processors.engine.takeover import Taken

ROTATE_S: Final = 5.0


class Held:
    """Writes in the background, one transaction at a time. `clock`: monotonic seconds.

    Any failure to write ends the process (crash.or_exit).
    """

    def __init__(self, taken: Taken, metrics: EngineMetrics, clock: Callable[[], float]) -> None:
        self.state = taken.state
        self.committed = taken.state.position
        """The source offset that is committed."""
        self.fed_at = self.moved_at = clock()
        """When a batch came last, and when it last had none before it."""
        self.sought_at = -math.inf
        self._writer = taken.writer
        self._metrics = metrics
        self._clock = clock
        self._rotated_at = clock()
        self._commit: asyncio.Task[None] | None = None

    def apply(self, batch: Batch, records: Sequence[Record], end: int) -> bool:
        """See OwnedPartition.apply."""
        with self._metrics.applying():
            return self.state.apply(batch, records, end)

    async def flush(self) -> None:
        """Start writing what is open, if anything is; waits for the transaction under way first."""
        while self.state.dirty and self._commit is not None and not self._commit.done():
            # Not `await`: who is cancelled while waiting must not cancel it.
            await asyncio.wait({self._commit})
        if self.state.dirty:
            self._commit = asyncio.create_task(or_exit(self._write(self.state.take_flush())))
        self._rotate()

    async def flushed(self) -> None:
        """Write what is open, and wait until it is committed."""
        await self.flush()
        if self._commit is not None:
            await asyncio.wait({self._commit})

    async def close(self) -> None:
        """Let go of the writer's connections."""
        await self._writer.close()

    async def _write(self, flush: Flush) -> None:
        with self._metrics.committing():
            await self._writer.commit(flush)
        self.committed = flush.position
        self.state.landed()
        rows = {table.spec.name: len(table.committed) for table in self.state.tables}
        self._metrics.flushed(flush, rows)

    def _rotate(self) -> None:
        """Let go of the objects of rows that nobody touches: only right behind a flush are none changed."""
        if self._clock() - self._rotated_at >= ROTATE_S:
            self._rotated_at = self._clock()
            for table in self.state.tables:
                table.rotate()
