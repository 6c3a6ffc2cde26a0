"""Running one of our services as its own process against the test stack, to be killed and started at will."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

READY_S = 180.0


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """`python -m <module>` with settings, and the base URL it listens on."""

    def __init__(self, module: str, environment: Mapping[str, str], port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self._module = module
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.launch()
        wait_until(self._ready, READY_S, lambda: f"{self._module} is not ready; its log:\n{self.tail()}")

    def launch(self) -> None:
        """Start it without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module], env=self._environment, stdout=log, stderr=log
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the running process."""
        assert self._process is not None, "not started"
        self._process.send_signal(number)

    def wait(self, seconds: float = 120.0) -> int:
        """Wait for its end; the exit code (negative: the signal that ended it)."""
        assert self._process is not None, "not started"
        return self._process.wait(seconds)

    @property
    def running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def frozen(self) -> bool:
        """Whether the process is stopped, as SIGSTOP does; SIGCONT lets it go on."""
        if self._process is None or self._process.poll() is not None:
            return False
        return bool(psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED)

    def poll(self) -> int | None:
        """The exit code of a process that has ended; None while it runs, or where there is none."""
        return None if self._process is None else self._process.poll()

    def forget(self) -> None:
        """Its end was seen; there is no process any more."""
        self._process = None

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait()

    def end(self) -> None:
        """Whatever state it is in: make it end."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(60)

    def tail(self, characters: int = 4_000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-characters:]

    def _ready(self) -> bool:
        assert self._process is not None, "not started"
        ended = self._process.poll()
        assert ended is None, f"{self._module} ended with {ended}; its log:\n{self.tail()}"
        return self.ready()

    def ready(self) -> bool:
        """Whether it says that it does its work."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, verify=False).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def ended_at_last(*services: Service) -> Iterator[None]:
    """No process outlives the test."""
    try:
        yield
    finally:
        for service in services:
            service.end()


def wait_until(true: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
    """Look ten times a second until it holds. Raises AssertionError with the text of `otherwise`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.1)
