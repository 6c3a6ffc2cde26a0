"""A process that cannot go on stops, whenever it finds out."""

import asyncio

from ingest_gateway.app import Failure


async def _broken() -> None:
    raise ValueError("broken")


def test_a_background_task_that_fails_stops_the_process_with_its_reason() -> None:
    stops: list[str] = []

    async def run() -> str | None:
        failure = Failure()
        failure.then(lambda: stops.append("stop"))
        await asyncio.wait([failure.watch(_broken())])
        await asyncio.sleep(0)
        failure.happened("later")
        return failure.why

    assert asyncio.run(run()) == "ValueError('broken')"
    assert stops


def test_a_failure_before_the_server_stands_is_not_forgotten() -> None:
    stops: list[str] = []
    failure = Failure()
    failure.happened("fatal")
    failure.then(lambda: stops.append("stop"))
    assert stops == ["stop"]


def test_a_cancelled_task_is_no_failure() -> None:
    async def run() -> str | None:
        failure = Failure()
        task = failure.watch(asyncio.sleep(60))
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        return failure.why

    assert asyncio.run(run()) is None
