"""Workers kept alive as a supervisor would, while somebody harms them."""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.services import Service

RESTART_S = 0.3
LOUD_STOP = 78


@dataclass
class Slot:
    """A place for one worker: started again whenever it ends, unless told to stop or it must not be."""

    name: str
    service: Service
    wanted: bool = True
    exits: list[int] = field(default_factory=list)


class Fleet:
    """Some slots, watched by a thread."""

    def __init__(self, make: Callable[[str, str], Service]) -> None:
        """`make` gives a service for a slot's name and a group.instance.id."""
        self._make = make
        self._slots: dict[str, Slot] = {}
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, daemon=True)
        self._watch.start()

    @property
    def names(self) -> list[str]:
        """Slots with a worker that is wanted."""
        return [slot.name for slot in self._slots.values() if slot.wanted]

    @property
    def exits(self) -> dict[str, list[int]]:
        """Exit codes so far, by slot."""
        return {slot.name: slot.exits for slot in self._slots.values()}

    def add(self, name: str, instance_id: str = "") -> None:
        """Start a worker in a new slot."""
        slot = Slot(name, self._make(name, instance_id or name))
        slot.service.launch()
        self._slots[name] = slot

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal, unless it is just down."""
        if self._slots[name].service.running:
            self._slots[name].service.signal(number)

    def leave(self, name: str) -> None:
        """Ask the worker to end in order, and do not start it again."""
        self._slots[name].wanted = False
        self.signal(name, signal.SIGTERM)

    def settle(self, slots: set[str], instance: Callable[[str], str]) -> None:
        """Have exactly these slots, each with a running worker."""
        for name in set(self.names) - slots:
            self.leave(name)
        for name in slots - set(self.names):
            self.add(name, instance(name))

    def end(self) -> None:
        """Stop watching, and everything watched."""
        self._stopping.set()
        self._watch.join()
        for slot in self._slots.values():
            slot.service.end()

    def loud_stops(self) -> list[str]:
        """Slots whose worker said that it must not be started again."""
        return [slot.name for slot in self._slots.values() if LOUD_STOP in slot.exits]

    def _keep_alive(self) -> None:
        while not self._stopping.is_set():
            for slot in list(self._slots.values()):
                code = slot.service.poll()
                if code is None:
                    continue
                slot.exits.append(code)
                if slot.wanted and code != LOUD_STOP:
                    slot.service.launch()
                else:
                    slot.service.forget()
            time.sleep(RESTART_S)
