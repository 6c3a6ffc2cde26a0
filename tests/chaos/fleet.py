"""Workers kept alive as a supervisor would, while somebody harms them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from signal import SIGTERM, Signals

from stream_processors.errors import EXIT_LOUD_STOP
from tests.services import Service, wait_until

RESTART_S = 0.3
PATIENCE_S = 180.0


@dataclass
class Slot:
    """A place for one worker: started again whenever it ends, unless it must not be."""

    name: str
    service: Service
    wanted: bool = True
    exits: list[int] = field(default_factory=list)
    stopped_loudly: bool = False


class Fleet:
    """Some slots, watched by a thread. A slot has one process at a time: the next starts after its end."""

    def __init__(self, make: Callable[[str, str], Service]) -> None:
        """`make` gives a service for a slot's name and a group.instance.id."""
        self._make = make
        self._slots: dict[str, Slot] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, daemon=True)
        self._watch.start()

    @property
    def names(self) -> list[str]:
        """Slots with a worker that is wanted."""
        return sorted(slot.name for slot in self._slots.values() if slot.wanted)

    @property
    def exits(self) -> dict[str, list[int]]:
        """Exit codes so far, by slot."""
        return {slot.name: slot.exits for slot in self._slots.values()}

    @property
    def loud_stops(self) -> list[str]:
        """Slots whose worker is wanted, but said that it must not be started again, and was not."""
        return sorted(slot.name for slot in self._slots.values() if slot.wanted and slot.stopped_loudly)

    def add(self, name: str, instance_id: str = "") -> None:
        """Have a worker in this slot; one that is leaving it is waited for."""
        if name in self._slots:
            self._wait_for_end(self._slots[name])
        with self._lock:
            slot = self._slots.setdefault(name, Slot(name, self._make(name, instance_id or name)))
            slot.wanted, slot.stopped_loudly = True, False
            slot.service.launch()

    def signal(self, name: str, number: Signals) -> None:
        """Send a signal to the worker, as soon as there is one. Raises AssertionError if there never is."""
        slot = self._slots[name]
        wait_until(
            lambda: self._signalled(slot, number), PATIENCE_S, lambda: f"{name} does not run: {slot.exits}"
        )

    def leave(self, name: str) -> None:
        """Ask the worker to end in order, wait until it has, and do not start it again."""
        slot = self._slots[name]
        with self._lock:
            slot.wanted = False
            if slot.service.running:
                slot.service.signal(SIGTERM)
        self._wait_for_end(slot)

    def ready(self, name: str) -> bool:
        """Whether the worker says that it does its work."""
        return self._slots[name].service.ready()

    def settle(self, slots: set[str]) -> None:
        """Have exactly these slots, each with a worker, those that stopped loudly included."""
        for name in set(self.names) - slots:
            self.leave(name)
        for name in sorted(slots - set(self.names) | slots & set(self.loud_stops)):
            self.add(name)

    def end(self) -> None:
        """Stop watching, and everything watched."""
        self._stopping.set()
        self._watch.join()
        for slot in self._slots.values():
            slot.service.end()

    def tail(self, name: str) -> str:
        """The end of the worker's log."""
        return self._slots[name].service.tail()

    def _signalled(self, slot: Slot, number: Signals) -> bool:
        with self._lock:
            if slot.service.running:
                slot.service.signal(number)
                return True
            return False

    def _wait_for_end(self, slot: Slot) -> None:
        wait_until(
            lambda: not slot.service.running,
            PATIENCE_S,
            lambda: f"{slot.name} does not end: {slot.service.tail()}",
        )

    def _keep_alive(self) -> None:
        while not self._stopping.wait(RESTART_S):
            with self._lock:
                for slot in self._slots.values():
                    self._look_after(slot)

    def _look_after(self, slot: Slot) -> None:
        code = slot.service.poll()
        if code is None:
            return
        slot.exits.append(code)
        slot.service.forget()
        slot.stopped_loudly = code == EXIT_LOUD_STOP
        if slot.wanted and not slot.stopped_loudly:
            slot.service.launch()
