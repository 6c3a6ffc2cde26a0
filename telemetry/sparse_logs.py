"""Loggers for libraries that repeat themselves: librdkafka writes lines every second while Kafka is away."""

import logging

from telemetry.repeats import Seldom


def by_logger(record: logging.LogRecord) -> str:
    """All that a logger says is of one kind."""
    return record.name


def sparse_logger(name: str, seconds: float = 10.0) -> logging.Logger:
    """The logger of that name, holding back all but one entry in so many seconds, whatever it says."""
    logger = logging.getLogger(name)
    if not any(isinstance(known, Seldom) for known in logger.filters):
        logger.addFilter(Seldom(apart_s=seconds, kind=by_logger))
    return logger
