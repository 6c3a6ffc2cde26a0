"""Structured logs: coloured lines for people, JSON for machines. One line an entry, on standard output."""

import logging
import sys
from collections.abc import Iterable
from typing import Literal

import structlog

from telemetry.repeats import Seldom

LogFormat = Literal["console", "json"]


def configure(
    service: str,
    log_format: LogFormat = "console",
    level: int = logging.INFO,
    quiet: Iterable[str] = (),
) -> None:
    """Send this process's own entries, and those of the libraries it uses, to standard output.

    Of the libraries' entries, those of one wording once a second; of the loggers named in `quiet`, only
    warnings and worse.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
    ]
    last, tracebacks = _rendering(log_format)
    shared += tracebacks
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    line = logging.StreamHandler(sys.stdout)
    line.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    line.addFilter(Seldom())
    root = logging.getLogger()
    root.handlers[:] = [line]
    root.setLevel(level)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)


def _rendering(
    log_format: LogFormat,
) -> tuple[structlog.typing.Processor, list[structlog.typing.Processor]]:
    """What makes a line of an entry, and what prepares its traceback, if anything."""
    if log_format == "json":
        return structlog.processors.JSONRenderer(), [
            structlog.processors.ExceptionRenderer(_frames_without_values())
        ]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return console, []


def _frames_without_values() -> structlog.tracebacks.ExceptionDictTransformer:
    """Tracebacks name places, never what variables held there: keys, tokens, addresses."""
    return structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _named(service: str) -> structlog.typing.Processor:
    def add(
        _logger: structlog.typing.WrappedLogger, _method: str, entry: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        entry.setdefault("service", service)
        return entry

    return add
