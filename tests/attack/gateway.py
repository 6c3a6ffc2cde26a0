"""`make attack-gateway`: good requests while bombs, floods and slow clients come at a gateway process.

    python -m tests.attack.gateway [--seconds N] [--slow N] [--connections N]

Ends with a line `N passed, N failed`: every good request was answered 200, each within a second, and the
gateway's memory stayed flat.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
from rich.console import Console

from ingest_gateway.metrics import ConnectionEnd
from ops.provision import apply_schemas, apply_topics
from schemas.topics import Namespace
from tests.integration.gateway_rig import HEADERS, Gateway, running
from tests.services import wait_until
from tests.stack import Stack, choose
from wire.clients import Cluster

EVERY_S: Final = 0.1
PATIENCE_S: Final = 120.0
WITHIN_S: Final = 1.0
FLAT_MIB: Final = 64.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """What good clients got, and what the gateway took of memory. Seconds and MiB."""

    statuses: Mapping[str, int]
    slowest: float
    p99: float
    before: float
    most: float
    ended: Mapping[str, float]

    @property
    def grown(self) -> float:
        return self.most - self.before

    def verdicts(self) -> dict[str, bool]:
        """What is asked of it, by name."""
        return {
            "every good request is answered 200": set(self.statuses) == {"200"},
            f"within {WITHIN_S:g} s": self.slowest < WITHIN_S,
            f"memory grows by less than {FLAT_MIB:g} MiB": self.grown < FLAT_MIB,
        }


def attacked(gateway: Gateway, seconds: float, slow: int) -> Seen:
    """Send a good request ten times a second, each on a connection of its own, under attack."""
    process = psutil.Process(gateway.process.pid)
    _good_request(gateway.port)
    before = most = _resident(process)
    statuses: dict[str, int] = {}
    took: list[float] = []
    with _attackers(gateway.port, slow):
        wait_until(
            lambda: _ended(gateway.port, "head_too_large") > 2, PATIENCE_S, lambda: "no attack gets through"
        )
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            started = time.monotonic()
            status = _good_request(gateway.port)
            took.append(time.monotonic() - started)
            statuses[status] = statuses.get(status, 0) + 1
            most = max(most, _resident(process))
            time.sleep(EVERY_S)
    took.sort()
    ended = {why.value: _ended(gateway.port, why.value) for why in ConnectionEnd}
    return Seen(statuses, took[-1], took[int(len(took) * 0.99)], before, most, ended)


def _good_request(port: int) -> str:
    """A browser's page view; its status, or the name of the error instead."""
    body = {"sessionId": "good", "event": {"eventType": "PAGE_VIEW", "path": "/"}}
    try:
        answer = httpx.post(
            f"http://127.0.0.1:{port}/api/analytics", json=body, headers=HEADERS, timeout=PATIENCE_S
        )
    except httpx.TransportError as error:
        return type(error).__name__
    return str(answer.status_code)


def _ended(port: int, why: str) -> float:
    """How many connections the gateway has ended for that reason; 0 where it cannot be asked just now."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S).text
    except httpx.TransportError:
        return 0.0
    line = f'sillage_gateway_connections_ended_total{{why="{why}"}} '
    return sum(float(found.removeprefix(line)) for found in text.splitlines() if found.startswith(line))


def _resident(process: psutil.Process) -> float:
    return process.memory_info().rss / MIB


@contextmanager
def _attackers(port: int, slow: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "tests.attack.attackers", str(port), str(slow)])
    try:
        yield
        assert process.poll() is None, "the attackers died"
    finally:
        process.kill()
        process.wait()


def run(stack: Stack, folder: Path, seconds: float, slow: int, connections: int) -> Seen:
    """A gateway of its own on this stack, attacked."""
    space = Namespace("attack.")
    apply_topics(Cluster(stack.bootstrap), space)
    apply_schemas(stack.registry_url, space)
    more = {"SILLAGE_MAX_CONNECTIONS": str(connections)}
    with running(stack.bootstrap, stack.registry_url, space.prefix, folder, more) as gateway:
        gateway.await_status(200)
        return attacked(gateway, seconds, slow)


def report(seen: Seen, console: Console) -> int:
    """Print figures and verdicts; the number of failed ones."""
    figures: dict[str, Any] = {
        "good requests": dict(seen.statuses),
        "slowest": f"{seen.slowest * 1_000:.0f} ms",
        "p99": f"{seen.p99 * 1_000:.0f} ms",
        "memory": f"{seen.before:.0f} MiB before, {seen.most:.0f} at most",
        "connections ended": {why: int(number) for why, number in seen.ended.items()},
    }
    for name, figure in figures.items():
        console.print(f"{name}: {figure}")
    verdicts = seen.verdicts()
    for name, holds in verdicts.items():
        console.print(f"{'passed' if holds else 'FAILED'}: {name}")
    failed = list(verdicts.values()).count(False)
    console.print(f"{len(verdicts) - failed} passed, {failed} failed")
    return failed


def main() -> int:
    """Run it in full. The exit code is 1 where a verdict failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--slow", type=int, default=500)
    parser.add_argument("--connections", type=int, default=2_000)
    asked = parser.parse_args()
    with choose() as stack, tempfile.TemporaryDirectory() as folder:
        seen = run(stack, Path(folder), asked.seconds, asked.slow, asked.connections)
    return 1 if report(seen, Console()) else 0


if __name__ == "__main__":
    sys.exit(main())
