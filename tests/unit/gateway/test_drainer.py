"""What the spool holds is brought to Kafka; what Kafka refuses for good is set aside, and nothing else is."""

import asyncio
import errno
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from ingest_gateway.breaker import Breaker
from ingest_gateway.drainer import STRIKES, Drainer, Patience, pages
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.quarantine import QUARANTINE, REPLAY, Quarantine, replay
from ingest_gateway.record import Record
from ingest_gateway.spool.segments import Segment
from ingest_gateway.spool.spool import Entry, Spool
from tests.unit.gateway.kafka_double import NO_REPLICAS, TOO_LARGE, KafkaDouble
from tests.unit.gateway.spool.rig import NOW, names, opened, records, taken, until

SOON = Patience(first_s=0.001, longest_s=0.01)


class Bench:
    """A drainer at work between a spool and Kafka's double."""

    def __init__(self, spool: Spool) -> None:
        self.spool, self.breaker = spool, Breaker()
        self.kafka = KafkaDouble(self.breaker)
        self.letters: list[tuple[str, int, str]] = []
        quarantine = Quarantine(spool.folder, self._letter)
        self.drainer = Drainer(spool, self.kafka, self.breaker, quarantine, GatewayMetrics(), SOON)

    def _letter(self, record: Record, since: int, why: str) -> None:
        self.letters.append((record.value.decode(), since, why))

    async def drained(self) -> None:
        await until(lambda: self.spool.ledger.entries == 0)


@asynccontextmanager
async def draining(folder: Path) -> AsyncIterator[Bench]:
    bench = Bench(await opened(folder))
    work = asyncio.create_task(bench.drainer.run())
    try:
        yield bench
    finally:
        work.cancel()
        await asyncio.wait([work])
        await bench.spool.close()


def test_everything_goes_to_kafka_in_order(tmp_path: Path) -> None:
    async def run() -> None:
        async with draining(tmp_path) as bench:
            for number in range(120):
                await bench.spool.keep(records(f"{number:03}"))
            await bench.drained()
            assert bench.kafka.topic == [f"{number:03}" for number in range(120)]

    asyncio.run(run())


def test_while_kafka_is_away_one_entry_asks_for_all(tmp_path: Path) -> None:
    async def run() -> None:
        async with draining(tmp_path) as bench:
            bench.breaker.trip("away", 0.0)
            bench.kafka.silent = True
            for name in "abc":
                await bench.spool.keep(records(name))
            await until(lambda: bench.kafka.in_flight > 0)
            await asyncio.sleep(0.3)
            assert bench.kafka.in_flight == 1
            bench.kafka.speak()
            await bench.drained()
            assert bench.kafka.topic == ["a", "b", "c"]
            assert not bench.breaker.open

    asyncio.run(run())


def test_what_fails_with_all_others_is_tried_again_and_never_set_aside(tmp_path: Path) -> None:
    async def run() -> None:
        async with draining(tmp_path) as bench:
            attempts, away = 0, True

            def away_for_now(record: Record) -> KafkaError | None:
                nonlocal attempts
                attempts += 1
                return NO_REPLICAS if away else None

            bench.kafka.fault = away_for_now
            await bench.spool.keep(records("a", "b"))
            await until(lambda: attempts >= 4 * STRIKES)
            assert "replicas" in (bench.breaker.why or "").lower()
            away = False
            await bench.drained()
            assert sorted(bench.kafka.topic) == ["a", "b"]
            assert bench.letters == []

    asyncio.run(run())


def test_a_record_refused_while_others_are_taken_is_set_aside_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with draining(tmp_path) as bench:
            bench.kafka.fault = lambda record: TOO_LARGE if record.value == b"poison" else None
            await bench.spool.keep(records("before", "poison", "behind"))
            await bench.spool.keep(records("neighbour"))
            await bench.drained()
            assert sorted(bench.kafka.topic) == ["before", "behind", "neighbour"]
            assert [(value, since) for value, since, _ in bench.letters] == [("poison", NOW)]
        (tmp_path / QUARANTINE).rename(tmp_path / REPLAY)
        again = await opened(tmp_path)
        await replay(again)
        assert names(await taken(again)) == ["poison"]
        await again.close()

    asyncio.run(run())


def test_where_kafka_refuses_everything_nothing_is_set_aside(tmp_path: Path) -> None:
    async def run() -> None:
        async with draining(tmp_path) as bench:
            refused = 0

            def nothing_fits(record: Record) -> KafkaError | None:
                nonlocal refused
                refused += 1
                return TOO_LARGE if refused <= 10 * STRIKES else None

            bench.kafka.fault = nothing_fits
            for name in "ab":
                await bench.spool.keep(records(name))
            await bench.drained()
            assert sorted(bench.kafka.topic) == ["a", "b"]
            assert bench.letters == []

    asyncio.run(run())


def test_a_quarantine_that_cannot_be_written_keeps_the_record_in_the_spool(tmp_path: Path) -> None:
    async def run() -> None:
        (tmp_path / QUARANTINE).write_text("in the way")
        async with draining(tmp_path) as bench:
            attempts = 0

            def poison(record: Record) -> KafkaError | None:
                nonlocal attempts
                attempts += record.value == b"poison"
                return TOO_LARGE if record.value == b"poison" else None

            bench.kafka.fault = poison
            await bench.spool.keep(records("poison", "good"))
            await until(lambda: attempts > 3 * STRIKES)
            assert (bench.spool.ledger.entries, bench.letters) == (1, [])
            (tmp_path / QUARANTINE).unlink()
            await bench.drained()

    asyncio.run(run())


def test_a_spool_that_cannot_be_read_just_now_is_drained_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    def no_descriptors(*_: object) -> bytes:
        nonlocal attempts
        attempts += 1
        raise OSError(errno.EMFILE, "Too many open files")

    async def run() -> None:
        async with draining(tmp_path) as bench:
            with monkeypatch.context() as patched:
                patched.setattr(Segment, "read", no_descriptors)
                await bench.spool.keep(records("a"))
                await until(lambda: attempts >= 3)
                assert bench.spool.ledger.entries == 1
            await bench.drained()
            assert bench.kafka.topic == ["a"]

    asyncio.run(run())


def _sizes(found: Sequence[Sequence[Entry]]) -> list[list[int]]:
    return [[len(entry.records) for entry in page] for page in found]


def test_a_page_has_few_records_or_one_entry() -> None:
    entries = [Entry(n, NOW, records(*"x" * size)) for n, size in enumerate([500, 499, 2, 3_000, 1])]
    assert _sizes(pages(entries)) == [[500, 499], [2], [3_000], [1]]
    assert pages([]) == []
