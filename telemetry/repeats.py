"""A library that tries again fifty times a second says so fifty times a second: now and then is enough."""

import logging
import time
from collections.abc import Callable, Hashable
from math import inf
from typing import Final

APART_S: Final = 1.0
KINDS: Final = 1_000
"""How many kinds are remembered: a library that puts its arguments into the text has no end of them."""


def wording(record: logging.LogRecord) -> Hashable | None:
    """Logger and text without its arguments; None for entries of our own, which are never held back."""
    return (record.name, record.msg) if isinstance(record.msg, str) else None


class Seldom(logging.Filter):
    """Lets an entry through unless one of the same kind came within so many seconds.

    The next one of its kind tells how many were left out. `clock`: monotonic seconds. `kind`: None for an
    entry that is always told.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        apart_s: float = APART_S,
        kind: Callable[[logging.LogRecord], Hashable | None] = wording,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._apart_s = apart_s
        self._kind = kind
        self._told: dict[Hashable, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to tell it."""
        kind, now = self._kind(record), self._clock()
        if kind is None:
            return True
        if len(self._told) >= KINDS:
            self._forget(now)
        at, left_out = self._told.get(kind, (-inf, 0))
        if now - at < self._apart_s:
            self._told[kind] = at, left_out + 1
            return False
        self._told[kind] = now, 0
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} more like it)"
            record.args = None
        return True

    def _forget(self, now: float) -> None:
        """Let go of the kinds that would be told again anyway; of all, where there are too many others."""
        recent = {kind: told for kind, told in self._told.items() if now - told[0] < self._apart_s}
        self._told = recent if len(recent) < KINDS else {}
