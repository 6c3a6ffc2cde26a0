"""How a worker ends that cannot go on: at once, before anything more can be acknowledged."""

import os
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import structlog

from stream_processors.errors import EXIT_LOUD_STOP, EXIT_RESTART, Expelled, Fenced, LoudStop

Result = TypeVar("Result")

log = structlog.get_logger()


async def or_exit(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it; end the process on any failure, before anything more can be acknowledged."""
    try:
        return await work
    except LoudStop as stop:
        log.critical("stopped; will not be restarted", cause=str(stop))
        end_now(EXIT_LOUD_STOP)
    except Fenced as fenced:
        log.warning("fenced by a successor; a fresh process will ask for its share", cause=str(fenced))
        end_now(EXIT_RESTART)
    except Expelled as expelled:
        log.warning("not a member any more; a fresh process will ask for its share", cause=str(expelled))
        end_now(EXIT_RESTART)
    except Exception:
        log.exception("cannot go on; a fresh process will")
        end_now(EXIT_RESTART)


def end_now(code: int) -> NoReturn:
    """End the process, whatever its tasks and threads are waiting for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
