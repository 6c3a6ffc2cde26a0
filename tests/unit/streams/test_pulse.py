"""A process that was frozen for longer than its session must not believe that it still owns anything."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.engine.pulse import Pulse
from stream_processors.errors import SleptThrough
from stream_processors.live.workers import client_id, told_by


class Clock:
    """Monotonic seconds, as set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_gap_longer_than_the_session_loses_the_pulse_and_a_shorter_one_does_not() -> None:
    clock = Clock()
    pulse = Pulse(10.0, clock)
    clock.now += 10.0
    assert not pulse.lost
    clock.now += 0.1
    assert pulse.lost


@pytest.mark.parametrize("owning", [True, False])
def test_after_such_a_gap_an_owner_ends_and_one_that_owned_nothing_goes_on(owning: bool) -> None:
    clock = Clock()
    pulse = Pulse(10.0, clock)
    clock.now += 11.0

    async def keep() -> None:
        keeping = asyncio.ensure_future(pulse.keep(lambda: owning))
        await asyncio.sleep(0)
        keeping.cancel()
        await keeping

    with pytest.raises(SleptThrough if owning else asyncio.CancelledError):
        asyncio.run(keep())
    assert pulse.lost is owning


@given(st.text(min_size=1), st.from_regex(r"[a-z0-9.]+:[0-9]+", fullmatch=True))
def test_a_client_id_tells_which_worker_answers_where(instance_id: str, address: str) -> None:
    assert told_by(client_id(instance_id, address)) == (instance_id, address)


def test_a_client_id_that_is_none_of_ours_tells_no_address() -> None:
    assert told_by("aiokafka-0.14").address == ""
