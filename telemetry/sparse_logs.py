"""Loggers for libraries that repeat themselves: librdkafka writes lines every second while Kafka is away."""

import logging
from time import monotonic


class AtMostEvery(logging.Filter):
    """Lets one entry through in so many seconds, and tells on the next how many were held back."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._next = 0.0
        self._held_back = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = monotonic()
        if now < self._next:
            self._held_back += 1
            return False
        if self._held_back:
            record.msg = f"{record.getMessage()} ({self._held_back} more like this)"
            record.args = None
        self._next, self._held_back = now + self._seconds, 0
        return True


def sparse_logger(name: str, seconds: float = 10.0) -> logging.Logger:
    """The logger of that name, holding back all but one entry in so many seconds."""
    logger = logging.getLogger(name)
    if not any(isinstance(known, AtMostEvery) for known in logger.filters):
        logger.addFilter(AtMostEvery(seconds))
    return logger
