"""What nobody brings to Kafka by itself: what processes that are gone left in their slots, and quarantined
records that a person wants tried again.

Neither is worth a gateway that works: where the disk does not allow it, it is counted, and tried again later.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from ingest_gateway.breaker import Breaker
from ingest_gateway.drainer import Drainer
from ingest_gateway.errors import Unavailable
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.quarantine import replay, to_replay
from ingest_gateway.spool.segments import segments_in
from ingest_gateway.spool.slots import Slot, abandoned, left_behind
from ingest_gateway.spool.spool import Spool

_LOOK_EVERY_S: Final = 5.0

_log = structlog.get_logger()


class Adoption:
    """Looks for work of this kind beside the slot of `own`, and does one after the other.

    Only while Kafka takes records: it is over in moments then, and a process that starts finds its slot free.
    """

    def __init__(
        self,
        own: Spool,
        breaker: Breaker,
        metrics: GatewayMetrics,
        open_spool: Callable[[Path], Awaitable[Spool]],
        drainer_of: Callable[[Spool], Drainer],
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        self._own = own
        self._root = own.folder.parent
        self._breaker = breaker
        self._metrics = metrics
        self._open = open_spool
        self._drainer_of = drainer_of
        self._look_every_s = look_every_s
        self._failed: str | None = None
        self._adopted: Spool | None = None
        """The one that is being drained now."""
        self.left_bytes = 0
        """In slots that nobody holds, when last looked."""

    @property
    def adopted_records(self) -> int:
        """Records in the slot that is being drained for a process that is gone."""
        return 0 if self._adopted is None else self._adopted.ledger.records

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            with self._allowed_to_fail():
                self.left_bytes = await asyncio.to_thread(left_behind, self._root)
            await asyncio.sleep(self._look_every_s)
            if not self._breaker.open:
                with self._allowed_to_fail():
                    await replay(self._own)
                await self._adopt()

    async def _adopt(self) -> None:
        with self._allowed_to_fail():
            slots = abandoned(self._root, lambda folder: bool(segments_in(folder) or to_replay(folder)))
            while (slot := await asyncio.to_thread(next, slots, None)) is not None:
                with self._allowed_to_fail():
                    await self._drain(slot)

    async def _drain(self, slot: Slot) -> None:
        in_use = False
        try:
            spool = self._adopted = await self._open(slot.folder)
            try:
                await replay(spool)
                await self._drainer_of(spool).finish()
            finally:
                in_use = True
                in_use = not await spool.close()
        finally:
            self._adopted = None
            if not in_use:
                slot.release()

    @contextmanager
    def _allowed_to_fail(self) -> Iterator[None]:
        """Logged where it is news."""
        try:
            yield
        except Unavailable as full:
            _log.info("replay_waits", why=full.message)
        except OSError as error:
            self._metrics.adoption_failures.inc()
            if repr(error) != self._failed:
                _log.error("adoption_failed", exc_info=error)
            self._failed = repr(error)
