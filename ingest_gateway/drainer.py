"""Brings what the spool holds to Kafka, without getting in the way of fresh traffic.

A few entries at a time, and a pause as long as they took. While the breaker is open, one entry: it stays
with the client, which knows first when Kafka is back. What Kafka refuses is tried again later, record by
record, so that a bad one cannot take its neighbours with it; a record that is refused again and again while
others are taken is set aside (quarantine.py).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from confluent_kafka import KafkaError

from ingest_gateway.breaker import Breaker
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.quarantine import Quarantine
from ingest_gateway.record import Record
from ingest_gateway.spool.spool import Entry, Spool
from ingest_gateway.store_and_forward import concerns_the_record

_PAGE_ENTRIES: Final = 50
_PAGE_RECORDS: Final = 1_000
_SHORTEST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 0.5
_LOOK_AGAIN_S: Final = 0.1
_MOST_REFUSED: Final = 100
"""So many entries that Kafka refuses are held in memory; then the others have to wait."""
STRIKES: Final = 5

_log = structlog.get_logger()


class Kafka(Protocol):
    """Where records go (publisher.KafkaPublisher)."""

    in_flight: int

    def deliver(self, record: Record) -> "asyncio.Future[KafkaError | None]":
        """Send one record; gives the error with which that ends, None where Kafka has it."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """After how many seconds a refused record is tried again: twice as long each time, up to the longest."""

    first_s: float = 1.0
    longest_s: float = 10.0

    def after(self, strikes: int) -> float:
        """How long to wait."""
        return min(self.first_s * float(2 ** min(strikes, 10)), self.longest_s)


_PATIENCE: Final = Patience()


@dataclass(slots=True)
class Refused:
    """Records of an entry that Kafka did not take, and when to try again (the loop's clock)."""

    entry: Entry
    left: Sequence[Record]
    due: float
    acknowledgements: int
    """Of the breaker, before Kafka first refused them."""
    strikes: int = 0


class Drainer:
    """Drains one spool."""

    def __init__(
        self,
        spool: Spool,
        kafka: Kafka,
        breaker: Breaker,
        quarantine: Quarantine,
        metrics: GatewayMetrics,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._spool = spool
        self._kafka = kafka
        self._breaker = breaker
        self._quarantine = quarantine
        self._metrics = metrics
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._refused: list[Refused] = []
        self._failed: str | None = None
        """Why the spool could last not be read."""

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            await self._step()

    async def finish(self) -> None:
        """Go on until nothing waits."""
        while self._spool.ledger.entries:
            await self._step()

    async def _step(self) -> None:
        await self._worth_trying()
        began = self._loop.time()
        if not await self._some():
            await self._something_to_do()
        took = self._loop.time() - began
        await asyncio.sleep(min(max(took, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))

    async def _worth_trying(self) -> None:
        """While the breaker is open, what is in flight already asks Kafka."""
        while self._breaker.open and self._kafka.in_flight:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _something_to_do(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_S if self._refused else None):
                await self._spool.filled.wait()

    async def _some(self) -> bool:
        """Deliver a few entries, if there are any."""
        due = next((refused for refused in self._refused if refused.due <= self._loop.time()), None)
        if due is not None:
            self._refused.remove(due)
            await self._again(due)
            return True
        if len(self._refused) >= _MOST_REFUSED:
            await asyncio.sleep(_LOOK_AGAIN_S)
            return True
        try:
            entries = await self._spool.take(1 if self._breaker.open else _PAGE_ENTRIES)
        except OSError as error:
            await self._unreadable(error)
            return True
        for page in pages(entries):
            await asyncio.gather(*(self._deliver(entry) for entry in page))
        return bool(entries)

    async def _unreadable(self, error: OSError) -> None:
        """No descriptors, or the disk's fault: the entries stay where they are."""
        if repr(error) != self._failed:
            _log.error("spool_unreadable", exc_info=error)
        self._failed = repr(error)
        await asyncio.sleep(self._patience.first_s)

    async def _deliver(self, entry: Entry) -> None:
        before = self._breaker.acknowledgements
        errors = await asyncio.gather(*(self._kafka.deliver(record) for record in entry.records))
        left = [record for record, error in zip(entry.records, errors, strict=True) if error is not None]
        if not left:
            self._settle(entry)
            return
        self._blame([error for error in errors if error is not None])
        self._refused.append(Refused(entry, left, self._loop.time() + self._patience.after(0), before))

    def _blame(self, errors: list[KafkaError]) -> None:
        for error in errors:
            if not concerns_the_record(error):
                self._breaker.trip(f"Kafka takes no records: {error.str()}", self._loop.time())

    async def _again(self, refused: Refused) -> None:
        left, errors = await self._one_by_one(refused.left)
        if not left:
            self._settle(refused.entry)
            return
        self._blame(errors)
        refused.left = left
        refused.strikes += all(map(concerns_the_record, errors))
        if refused.strikes >= STRIKES and self._breaker.acknowledgements > refused.acknowledgements:
            await self._set_aside(refused, errors[0])
        else:
            self._refused.append(refused)
            refused.due = self._loop.time() + self._patience.after(refused.strikes)

    async def _one_by_one(self, records: Sequence[Record]) -> tuple[list[Record], list[KafkaError]]:
        """The records that Kafka does not take, and why. Where it takes none, the others are not tried."""
        left: list[Record] = []
        errors: list[KafkaError] = []
        for place, record in enumerate(records):
            error = await self._kafka.deliver(record)
            if error is None:
                continue
            errors.append(error)
            if not concerns_the_record(error):
                return [*left, *records[place:]], errors
            left.append(record)
        return left, errors

    async def _set_aside(self, refused: Refused, error: KafkaError) -> None:
        try:
            await self._quarantine.keep(refused.entry, refused.left, error.str())
        except OSError:
            refused.due = self._loop.time() + self._patience.longest_s
            self._refused.append(refused)
            return
        self._settle(refused.entry, quarantined=len(refused.left))

    def _settle(self, entry: Entry, quarantined: int = 0) -> None:
        self._spool.settle(entry)
        self._metrics.drained.inc(len(entry.records) - quarantined)
        self._metrics.quarantined.inc(quarantined)


def pages(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries in order, in lists of not many records: the client's queue is for fresh traffic too."""
    found: list[list[Entry]] = []
    room = 0
    for entry in entries:
        if len(entry.records) > room:
            found.append([])
            room = _PAGE_RECORDS
        found[-1].append(entry)
        room -= len(entry.records)
    return found
