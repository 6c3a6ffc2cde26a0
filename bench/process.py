"""A program that is measured, as a process of its own."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from ops import compilation
from ops.runtime.home import PROJECT

STOP_S: Final = 20.0


@contextmanager
def running(command: Sequence[str], told: Mapping[str, str], log: Path) -> Iterator[psutil.Popen]:
    """Run it with these settings; ended with SIGTERM, or killed where that does not help."""
    with log.open("wb") as output:
        environment = {**os.environ, **compilation.environment(), **told}
        process = psutil.Popen(list(command), cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
                process.kill()
                process.wait(STOP_S)


def cpu_seconds(process: psutil.Popen) -> float:
    """CPU time it has used so far."""
    used = process.cpu_times()
    return float(used.user + used.system)
