"""Of two workers with one instance id the second does not start, however the first can be reached."""

import asyncio
from collections.abc import Callable, Collection

import pytest

from stream_processors.errors import LoudStop
from stream_processors.live.twins import SESSIONS, Answer, Namesake, is_this_machine, refuse_twin

SESSION_S = 10.0
OTHER = Namesake("m-1", "127.0.0.1:7101", "10.0.0.5")


class Scene:
    """A group whose members are told by time, and one answer for whoever is asked."""

    def __init__(self, members: Callable[[float], Collection[Namesake]], answer: Answer) -> None:
        self.now = 0.0
        self._members = members
        self._answer = answer

    def start(self) -> None:
        asyncio.run(refuse_twin(self._namesakes, self._ask, SESSION_S, lambda: self.now, self._sleep))

    async def _namesakes(self) -> Collection[Namesake]:
        return self._members(self.now)

    async def _ask(self, _namesake: Namesake) -> Answer:
        return self._answer

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_worker_whose_id_nobody_has_starts_at_once() -> None:
    scene = Scene(lambda _now: [], Answer.UNKNOWN)
    scene.start()
    assert scene.now == 0


def test_one_whose_predecessor_is_gone_starts_at_once() -> None:
    scene = Scene(lambda _now: [OTHER], Answer.GONE)
    scene.start()
    assert scene.now == 0


def test_one_whose_id_a_living_worker_has_does_not_start() -> None:
    with pytest.raises(LoudStop, match="SILLAGE_INSTANCE_ID"):
        Scene(lambda _now: [OTHER], Answer.LIVES).start()


def test_one_whose_namesake_cannot_be_asked_waits_until_kafka_gives_it_up() -> None:
    scene = Scene(lambda now: [OTHER] if now < SESSION_S else [], Answer.UNKNOWN)
    scene.start()
    assert scene.now == SESSION_S


def test_a_namesake_that_stays_in_the_group_lives_though_it_cannot_be_asked() -> None:
    """Both have the defaults, on two machines: the address that each tells is its own machine's loopback."""
    scene = Scene(lambda _now: [OTHER], Answer.UNKNOWN)
    with pytest.raises(LoudStop, match="SILLAGE_LIVE_ADVERTISE"):
        scene.start()
    assert scene.now >= SESSIONS * SESSION_S


@pytest.mark.parametrize(("host", "this"), [("127.0.0.1", True), ("192.0.2.1", False), ("", False)])
def test_silence_proves_an_end_on_this_machine_only(host: str, this: bool) -> None:
    """192.0.2.1 is nobody's (RFC 5737)."""
    assert is_this_machine(host) is this
