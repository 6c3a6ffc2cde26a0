"""The whole pipeline, started as a user starts it, on ports and in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from ops.runtime import Instance
from ops.runtime.home import PROJECT

SILLAGE = Path(sys.executable).parent / "sillage"
RUNS = PROJECT / ".sillage"
PREFIX = "e2e-"


class Running:
    """A running pipeline, as `sillage status --json` tells it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `sillage` command on this instance; what it starts ends with this test run."""
        mine = {"SILLAGE_HOME": str(self.home), "SILLAGE_OWNER_PID": str(os.getpid())}
        return subprocess.run(
            [str(SILLAGE), *words],
            env=os.environ | mine,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    @property
    def status(self) -> dict[str, Any]:
        """What it says now."""
        told: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return told

    @cached_property
    def where(self) -> dict[str, Any]:
        """Addresses and keys: they stay as they were at the first start."""
        return self.status

    def post(self, body: Any, **headers: str) -> httpx.Response:
        """POST /api/analytics as a browser of an allowed origin; a str or bytes body goes out as it is."""
        where = self.where
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        known = {"Origin": where["origin"], "Content-Type": "application/json"}
        return httpx.post(f"{where['gateway']}/api/analytics", content=content, headers=known | headers)

    def live(self, path: str) -> httpx.Response:
        """A live read, with the secret key."""
        where = self.where
        return httpx.get(where["live"] + path, headers={"Authorization": f"Bearer {where['secret_key']}"})

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What PostgreSQL answers."""
        with psycopg.connect(self.where["database"]) as database:
            return database.execute(query.encode(), parameters).fetchall()

    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {name: process["pid"] for name, process in self.status["processes"].items()}


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Running]:
    _sweep()
    home = RUNS / f"{PREFIX}{os.getpid()}"
    running = Running(home)
    try:
        up = running.command("up", "--detach", "--ports", "auto")
        assert up.returncode == 0, up.stdout + up.stderr
        yield running
    finally:
        running.command("down")
        shutil.rmtree(home, ignore_errors=True)


def _sweep() -> None:
    """Remove the folders of runs that were killed."""
    for left in RUNS.glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX))):
            Instance(left).stop()
            shutil.rmtree(left, ignore_errors=True)
