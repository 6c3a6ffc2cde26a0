"""Ends the instance when the program it was started for is gone, however that ended.

Run under the supervisor as `python -m ops.runtime.guard PID`; test runs use it, so that even a killed one
leaves no server behind.
"""

import os
import signal
import sys
from contextlib import suppress

import psutil


def watch(owner: int) -> None:
    """Wait for that process, then ask the supervisor (our parent) to stop everything."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(owner).wait()
    os.kill(os.getppid(), signal.SIGTERM)
    signal.pause()


if __name__ == "__main__":
    watch(int(sys.argv[1]))
