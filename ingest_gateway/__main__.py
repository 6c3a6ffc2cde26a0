"""`python -m ingest_gateway`."""

import gc
import logging
import os
import sys
from typing import Final

import uvloop

from ingest_gateway.app import serve
from ingest_gateway.enrichment.user_agent import describe
from ingest_gateway.errors import Misconfigured
from ingest_gateway.settings import Settings, load
from telemetry import logs

EX_CONFIG: Final = 78
"""sysexits.h: restarting would not help."""


def main() -> int:
    """Run the gateway. Returns the exit code."""
    try:
        return _run(load())
    except Misconfigured as error:
        sys.stderr.write(f"ingest_gateway cannot start:\n{error}\n")
        return EX_CONFIG


def _run(settings: Settings) -> int:
    logs.configure("gateway", settings.log_format)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # The first user agent costs a hundred times what others do: not on a visitor's time.
    describe("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    # What is loaded now lives as long as the process: collections need not look at it again, and requests
    # leave no cycles behind. At full load this halves the slowest answers.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    return uvloop.new_event_loop().run_until_complete(serve(settings))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a thread that still waits for an absent registry must not hold up the end.
    os._exit(code)
