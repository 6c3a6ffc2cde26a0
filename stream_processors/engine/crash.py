"""How a worker ends that cannot go on: at once, before anything more can be acknowledged."""

import os
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import structlog

from stream_processors.errors import EXIT_LOUD_STOP, EXIT_RESTART, LoudStop

Result = TypeVar("Result")

log = structlog.get_logger()


async def or_exit(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it; end the process on any failure, before anything more can be acknowledged."""
    try:
        return await work
    except LoudStop as stop:
        log.critical("stopped; will not be restarted", cause=str(stop))
        _exit(EXIT_LOUD_STOP)
    except Exception:
        log.exception("cannot go on; a fresh process will")
        _exit(EXIT_RESTART)


def _exit(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
