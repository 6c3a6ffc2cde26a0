"""Waiting until a process does its work, and no longer than it makes sense."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ops.runtime.errors import StartFailed
from ops.runtime.supervision import ProcessStatus

POLL_S = 0.15


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for readiness, and how many restarts on the way are no reason to give up."""

    seconds: float
    restarts: int


SERVER = Patience(seconds=120, restarts=0)
SERVICE = Patience(seconds=60, restarts=2)


def wait_ready(
    name: str,
    ready: Callable[[], bool],
    status: Callable[[], ProcessStatus],
    patience: Patience,
    log: Callable[[], str],
    pause: Callable[[float], bool],
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Return after how many seconds it was ready.

    `pause` waits so many seconds and says whether to wait no longer. Raises StartFailed when it says so, and
    when the process ended or took too long.
    """
    begun = clock()
    before = status().restarts
    while not ready():
        reason = given_up(status(), before, clock() - begun, patience)
        if reason is not None:
            raise StartFailed(name, reason, log())
        if pause(POLL_S):
            raise StartFailed(name, "is not waited for any more", log())
    return clock() - begun


def given_up(now: ProcessStatus, restarts_before: int, waited_s: float, patience: Patience) -> str | None:
    """Why waiting longer is pointless; None as long as it is not."""
    if not now.running:
        how = f"with exit code {now.exit_code}" if now.exit_code is not None else f"({now.state})"
        return f"ended {how}"
    if now.restarts - restarts_before > patience.restarts:
        return "ended while it was starting"
    if waited_s > patience.seconds:
        return f"was not ready after {patience.seconds:.0f} s"
    return None
