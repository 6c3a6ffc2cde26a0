"""A library that tries again fifty times a second says so fifty times a second: once is enough."""

import logging
import time
from collections.abc import Callable
from typing import Final

APART_S: Final = 1.0


class Seldom(logging.Filter):
    """Lets an entry through unless one of the same logger and wording came within the last second.

    The next one of its kind tells how many were left out. `clock`: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to tell it."""
        if not isinstance(record.msg, str):
            return True
        kind, now = (record.name, record.msg), self._clock()
        at, left_out = self._told.get(kind, (now - APART_S, 0))
        if now - at < APART_S:
            self._told[kind] = at, left_out + 1
            return False
        self._told[kind] = now, 0
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} more like it)"
            record.args = None
        return True
