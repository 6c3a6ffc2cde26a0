"""Processes of an instance, found by the mark in their environment: how to end them without a supervisor."""

import signal
from contextlib import suppress
from pathlib import Path

import psutil

from ops.runtime.supervision import MARK

GRACE_S = 15.0


def find(home: Path) -> list[psutil.Process]:
    """Every living process that was started for that instance, children of children included."""
    return [process for process in psutil.process_iter() if _belongs(process, str(home))]


def end(home: Path) -> int:
    """Ask them to end, insist after GRACE_S; returns how many there were.

    The supervisor goes first and hard: it would restart what is ended after it.
    """
    found = find(home)
    supervisors = [process for process in found if _is_supervisor(process)]
    for process in supervisors:
        _send(process, signal.SIGKILL)
    for process in found:
        _send(process, _polite(process))
    _, left = psutil.wait_procs(found, timeout=GRACE_S)
    for process in left:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=GRACE_S)
    return len(found)


def _belongs(process: psutil.Process, home: str) -> bool:
    try:
        return str(process.environ().get(MARK)) == home and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _is_supervisor(process: psutil.Process) -> bool:
    try:
        return "supervisor.supervisord" in process.cmdline()
    except psutil.Error:
        return False


def _polite(process: psutil.Process) -> signal.Signals:
    """TERM, but INT for PostgreSQL, where TERM waits for the clients to go."""
    try:
        return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
    except psutil.Error:
        return signal.SIGTERM


def _send(process: psutil.Process, what: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(what)
