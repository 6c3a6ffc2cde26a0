"""supervisord, one for each instance: starts the programs, restarts those that die, stops them in order.

The calls: http://supervisord.org/api.html.
"""

import http.client
import os
import re
import subprocess
import sys
import time
import xmlrpc.client
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ops.runtime.configuration import PRIORITY, USER
from ops.runtime.errors import NotRunning, StartFailed
from ops.runtime.home import Home, tail
from ops.runtime.ports import HOST
from ops.runtime.state import State, write_private

MARK = "SILLAGE_INSTANCE_HOME"
"""Environment variable by which the processes of an instance are known, should their supervisor die."""

COMMAND = (sys.executable, "-W", "ignore", "-m", "supervisor.supervisord")
START_DEADLINE_S = 15.0
STOP_DEADLINE_S = 75.0
CALL_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What the supervisor knows of a process."""

    state: str
    pid: int | None
    uptime_seconds: int
    restarts: int
    exit_code: int | None

    @property
    def running(self) -> bool:
        """Whether there is a process now."""
        return self.state in ("STARTING", "RUNNING")


def restarts(log: str) -> Counter[str]:
    """How often each process was started again since the supervisor's start, from the supervisor's log."""
    _, _, latest = log.rpartition("supervisord started with pid")
    spawned = Counter(re.findall(r"spawned: '([^']+)' with pid", latest))
    return Counter({name: times - 1 for name, times in spawned.items()})


class _Transport(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = CALL_TIMEOUT_S
        return connection


class Supervisor:
    """One instance's supervisord, from outside."""

    def __init__(self, home: Home, state: State) -> None:
        self._home = home
        self._groups: dict[str, str] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._url = f"http://{USER}:{state.supervisor_password}@{HOST}:{state.ports.supervisor}/RPC2"

    def start(self, configuration: str) -> None:
        """Start it in a session of its own, apart from our terminal's signals; raises StartFailed."""
        write_private(self._home.supervisor_configuration, configuration)
        output = self._home.logs / "supervisord.out"
        with output.open("wb") as out:
            self._child = subprocess.Popen(
                [*COMMAND, "-c", str(self._home.supervisor_configuration)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self._home.root,
                env={**os.environ, MARK: str(self._home.root)},
                start_new_session=True,
            )
        deadline = time.monotonic() + START_DEADLINE_S
        while not self.alive():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self._child.kill()
                raise StartFailed(
                    "supervisord", "did not start", tail(output) + tail(self._home.supervisor_log)
                )
            time.sleep(0.05)

    def reap(self) -> None:
        """Take note of its end, if it was ours to start."""
        if self._child is not None:
            self._child.wait(timeout=START_DEADLINE_S)
            self._child = None

    def alive(self) -> bool:
        """Whether this instance's supervisor answers."""
        try:
            return bool(self._call("getIdentification") == str(self._home.root))
        except NotRunning:
            return False

    def processes(self) -> dict[str, ProcessStatus]:
        """Every process but the guard; raises NotRunning without a supervisor."""
        found = cast("list[dict[str, Any]]", self._call("getAllProcessInfo"))
        self._groups = {info["name"]: info["group"] for info in found}
        again = restarts(_text(self._home.supervisor_log))
        return {
            info["name"]: _status(info, again[info["name"]])
            for info in sorted(found, key=lambda info: PRIORITY.get(info["group"], 0))
            if info["name"] != "guard"
        }

    def start_process(self, name: str) -> None:
        """Start a process; harmless if it runs."""
        self._tolerating("ALREADY_STARTED", "startProcess", self._full_name(name), False)

    def stop_process(self, name: str) -> None:
        """Stop a process and wait for its end; harmless if it does not run."""
        self._tolerating("NOT_RUNNING", "stopProcess", self._full_name(name), True)

    def shut_down(self) -> None:
        """Ask it to stop everything, services first, and to end."""
        self._tolerating("SHUTDOWN_STATE", "shutdown")

    def _full_name(self, name: str) -> str:
        if name not in self._groups:
            self.processes()
        return f"{self._groups[name]}:{name}"

    def _tolerating(self, fault: str, method: str, *arguments: object) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as raised:
            if fault not in raised.faultString:
                raise

    def _call(self, method: str, *arguments: object) -> object:
        try:
            with xmlrpc.client.ServerProxy(self._url, transport=_Transport()) as server:
                return getattr(server.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise NotRunning(f"no instance runs in {self._home.root}: start it with `sillage up`") from error


def _status(info: dict[str, Any], again: int) -> ProcessStatus:
    running = info["statename"] in ("STARTING", "RUNNING", "STOPPING")
    return ProcessStatus(
        state=info["statename"],
        pid=info["pid"] or None,
        uptime_seconds=max(0, info["now"] - info["start"]) if running else 0,
        restarts=again,
        exit_code=info["exitstatus"] if info["statename"] == "EXITED" else None,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""
