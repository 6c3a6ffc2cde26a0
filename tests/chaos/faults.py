"""The faults, each a few seconds of harm; which, to whom and in what order comes from one seeded generator.

A fault waits for what it needs (a process to harm, Kafka to be back), however slow the machine is.
"""

import signal
import time
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final, Protocol

from tests.chaos.fleet import PATIENCE_S, Fleet
from tests.proxy import Links
from tests.services import wait_until

MOST_WORKERS: Final = 4
NUDGE_S: Final = 1.0

Fault = Callable[["Scene"], str]


class Broker(Protocol):
    """The Kafka server under test. Both return when it answers again."""

    def kill(self) -> None:
        """kill -9; its supervisor starts it again."""
        ...

    def restart(self) -> None:
        """Stop it in order and start it again."""
        ...


class Scene:
    """What a fault may touch. `session_timeout`: seconds after which Kafka gives a silent worker up."""

    def __init__(
        self,
        fleet: Fleet,
        broker: Broker,
        random: Random,
        session_timeout: float,
        nudge: Callable[[], None],
        links: Links,
    ) -> None:
        """`nudge` writes something of no account into every partition; `links`: each worker's to Kafka."""
        self.fleet = fleet
        self.broker = broker
        self.random = random
        self.session_timeout = session_timeout
        self.nudge = nudge
        self.links = links
        self._joined = 0

    def somebody(self) -> str:
        """The name of a worker."""
        return self.random.choice(self.fleet.names)

    def newcomer(self) -> str:
        """A name nobody had."""
        self._joined += 1
        return f"joined-{self._joined}"


def kill_worker(scene: Scene) -> str:
    """kill -9, at whatever it is doing."""
    victim = scene.somebody()
    scene.fleet.signal(victim, signal.SIGKILL)
    return f"kill -9 {victim}"


def kill_all_workers(scene: Scene) -> str:
    """kill -9 of every worker at once."""
    for victim in scene.fleet.names:
        scene.fleet.signal(victim, signal.SIGKILL)
    return "kill -9 of all workers"


def make_zombie(scene: Scene) -> str:
    """Freeze a worker for longer than its session, so that it wakes up with partitions that are another's."""
    victim = scene.somebody()
    scene.fleet.signal(victim, signal.SIGSTOP)
    time.sleep(scene.session_timeout * 1.5)
    scene.fleet.signal(victim, signal.SIGCONT)
    return f"zombie {victim}"


def cut_off(scene: Scene) -> str:
    """Let a worker run on without Kafka for longer than its session: it is not told what it loses."""
    victim = scene.somebody()
    scene.links[victim].cut()
    time.sleep(scene.session_timeout * 1.5)
    scene.links[victim].mend()
    return f"{victim} cut off"


def duplicate_instance(scene: Scene) -> str:
    """Two live workers with one id: the first is frozen while the second starts, which else would refuse.

    The second takes the first one's place; the first wakes up. Each would fence the other for ever, but who
    of them ends and is started again finds the other alive: a loud stop, of one of the two. Then the second
    leaves and the first is started anew, as an operator would. Raises AssertionError where both go on.
    """
    twin, name = scene.somebody(), scene.newcomer()
    fleet = scene.fleet
    fleet.signal(twin, signal.SIGSTOP)
    fleet.add(name, instance_id=twin)
    wait_until(lambda: fleet.ready(name), PATIENCE_S, lambda: fleet.tail(name))
    fleet.signal(twin, signal.SIGCONT)
    until = time.monotonic() + PATIENCE_S
    while not (stopped := {twin, name} & set(fleet.loud_stops)):
        assert time.monotonic() < until, f"{twin} and {name} go on side by side: {fleet.tail(twin)}"
        scene.nudge()  # without a record on their partitions, neither notices the other
        time.sleep(NUDGE_S)
    fleet.leave(name)
    fleet.settle(set(fleet.names))
    return f"duplicate of {twin}; stopped loudly: {', '.join(sorted(stopped))}"


def join(scene: Scene) -> str:
    """One more worker; where there are many, one less."""
    if len(scene.fleet.names) >= MOST_WORKERS:
        return leave(scene)
    name = scene.newcomer()
    scene.fleet.add(name)
    return f"{name} joins"


def leave(scene: Scene) -> str:
    """One worker less, in order; the last one stays."""
    if len(scene.fleet.names) == 1:
        return join(scene)
    name = scene.somebody()
    scene.fleet.leave(name)
    return f"{name} leaves"


def kill_broker(scene: Scene) -> str:
    """kill -9 of Kafka."""
    scene.broker.kill()
    return "kill -9 Kafka"


def restart_broker(scene: Scene) -> str:
    """An orderly restart of Kafka."""
    scene.broker.restart()
    return "restart Kafka"


FAULTS: Final[Mapping[Fault, int]] = MappingProxyType(
    {
        kill_worker: 5,
        kill_all_workers: 1,
        make_zombie: 3,
        cut_off: 2,
        duplicate_instance: 2,
        join: 3,
        leave: 3,
        kill_broker: 2,
        restart_broker: 2,
    }
)
"""How often each comes, against the others."""


def plan(random: Random, count: int) -> list[Fault]:
    """`count` faults in random order; each kind at least once, where there are enough."""
    kinds = list(FAULTS)
    chosen = kinds[: min(count, len(kinds))]
    chosen += random.choices(kinds, list(FAULTS.values()), k=max(0, count - len(kinds)))
    random.shuffle(chosen)
    return chosen
