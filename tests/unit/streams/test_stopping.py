"""A worker that was asked to stop ends, whatever the consumer under it is waiting for."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stream_processors import worker as program
from stream_processors.app import Running


def agent(stop: Any) -> Running:
    return cast("Running", SimpleNamespace(faust=SimpleNamespace(stop=stop)))


async def at_once() -> None:
    return None


async def never() -> None:
    await asyncio.Event().wait()


async def deaf() -> None:
    """As aiokafka's loops: being cancelled is one more reason to go on."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return await at_once()


class Ended(Exception):
    """Instead of the test's own process."""


@pytest.mark.parametrize("hanging", [never, deaf])
def test_it_ends_though_one_of_its_consumers_never_stops(
    monkeypatch: pytest.MonkeyPatch, hanging: Any
) -> None:
    def end_now(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(program, "end_now", end_now)
    with pytest.raises(Ended, match="0"):
        asyncio.run(program.stopped([agent(at_once), agent(hanging)], 0, seconds=0.01))


def test_it_ends_by_itself_where_they_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(program, "end_now")
    asyncio.run(program.stopped([agent(at_once), agent(at_once)], 0))
