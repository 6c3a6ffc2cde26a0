"""The parts between a batch and the topic, put together as the process does it."""

import asyncio
from pathlib import Path

import pytest

from ingest_gateway.delivery_path import DeliveryPath
from ingest_gateway.errors import Misconfigured
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.settings import Settings
from schemas.topics import INTERACTIONS, Namespace
from tests.unit.gateway.spool.rig import crash, records

SPACE = Namespace("t.")
NOBODY = "127.0.0.1:9"


async def _opened(folder: Path) -> DeliveryPath:
    settings = Settings(
        kafka_bootstrap=NOBODY, allowed_origins=frozenset({"https://shop.example"}), spool_dir=folder
    )
    return await DeliveryPath.opened(settings, SPACE, GatewayMetrics(), lambda why: None)


def test_each_path_has_a_slot_of_the_topics_own(tmp_path: Path) -> None:
    async def run() -> None:
        first, second = await _opened(tmp_path), await _opened(tmp_path)
        assert [path.spool.folder for path in (first, second)] == [
            tmp_path / SPACE.topic(INTERACTIONS) / f"slot-{number}" for number in (1, 2)
        ]
        await second.close()
        await first.close()

    asyncio.run(run())


def test_with_nothing_left_over_kafka_is_asked_first(tmp_path: Path) -> None:
    async def run() -> None:
        path = await _opened(tmp_path)
        assert not path.breaker.open
        await path.close()

    asyncio.run(run())


def test_with_something_left_over_visitors_do_not_wait_for_kafka(tmp_path: Path) -> None:
    async def run() -> None:
        before = await _opened(tmp_path)
        await before.spool.keep(records("left"))
        await crash(before.spool)
        before._slot.release()
        after = await _opened(tmp_path)
        assert after.breaker.open
        assert after.spool.ledger.entries == 1
        await after.close()
        before.kafka.close(0)

    asyncio.run(run())


def test_a_folder_that_cannot_be_used_is_named_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(Misconfigured, match="SILLAGE_SPOOL_DIR"):
        asyncio.run(_opened(tmp_path / "spool"))
