"""What processes that are gone left in their slots is brought to Kafka by those that run."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from ingest_gateway.breaker import Breaker
from ingest_gateway.drainer import Drainer
from ingest_gateway.spool.slots import Slot, abandoned
from ingest_gateway.spool.spool import Spool

_LOOK_EVERY_S: Final = 5.0


class Adoption:
    """Looks for abandoned slots under a root, and drains them one after the other.

    Only while Kafka takes records: it is over in moments then, and a process that starts finds its slot free.
    """

    def __init__(
        self,
        root: Path,
        breaker: Breaker,
        open_spool: Callable[[Path], Awaitable[Spool]],
        drainer_of: Callable[[Spool], Drainer],
    ) -> None:
        self._root = root
        self._breaker = breaker
        self._open = open_spool
        self._drainer_of = drainer_of
        self.adopted: Spool | None = None
        """The one that is being drained now."""

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if not self._breaker.open:
                for slot in abandoned(self._root):
                    await self._drain(slot)

    async def _drain(self, slot: Slot) -> None:
        try:
            spool = self.adopted = await self._open(slot.folder)
            try:
                await self._drainer_of(spool).finish()
            finally:
                self.adopted = None
                await spool.close()
        finally:
            slot.release()
