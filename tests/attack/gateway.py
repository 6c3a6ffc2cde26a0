"""`make attack-gateway`: good requests while bombs, floods and slow clients come at a gateway process.

    python -m tests.attack.gateway [--seconds N] [--slow N] [--connections N]

Ends with a line `N passed, N failed`: every good request was answered 200, each within a second, the memory
of the gateway stayed flat, it lost no descriptor, and every attack got as far as its defence.
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
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from ingest_gateway.metrics import ConnectionEnd
from ops.provision import apply_schemas, apply_topics
from schemas.reasons import Reason
from schemas.topics import Namespace
from tests.integration.gateway_rig import HEADERS, Gateway, running
from tests.stack import Stack, choose
from wire.clients import Cluster

CONNECTIONS: Final = "sillage_gateway_connections"
EVERY_S: Final = 0.1
PATIENCE_S: Final = 120.0
WITHIN_S: Final = 1.0
FLAT_MIB: Final = 64.0
SPARE_DESCRIPTORS: Final = 16
"""Segments of the spool, connections to Kafka: what may have been opened since it was first looked at."""
DEFENCES: Final = (
    ConnectionEnd.HEAD_TOO_LARGE,
    ConnectionEnd.PIPELINED,
    ConnectionEnd.SLOW_READER,
    Reason.BODY_TOO_LARGE,
    Reason.RATE_LIMITED,
)
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """What good clients got, and what the gateway took of memory. Seconds and MiB."""

    statuses: Mapping[str, int]
    slowest: float
    p99: float
    before: float
    most: float
    unknown_descriptors: int
    ended: Mapping[str, float]
    refused: Mapping[str, float]

    @property
    def grown(self) -> float:
        return self.most - self.before

    @property
    def not_needed(self) -> set[str]:
        """Defences that no attack has got as far as."""
        return {name for name in DEFENCES if not self.ended.get(name) and not self.refused.get(name)}

    def verdicts(self) -> dict[str, bool]:
        """What is asked of it, by name."""
        return {
            "every good request is answered 200": set(self.statuses) == {"200"},
            f"within {WITHIN_S:g} s": self.slowest < WITHIN_S,
            f"memory grows by less than {FLAT_MIB:g} MiB": self.grown < FLAT_MIB,
            "no descriptor but those of its connections": self.unknown_descriptors <= SPARE_DESCRIPTORS,
            "every attack was met by its defence": not self.not_needed,
        }


def attacked(gateway: Gateway, seconds: float, slow: int) -> Seen:
    """Send a good request ten times a second, each on a connection of its own, under attack.

    For so long, and until every attack has come as far as it can.
    """
    process = psutil.Process(gateway.process.pid)
    _good_request(gateway.port)
    before = most = _resident(process)
    own_descriptors = process.num_fds() - _figures(gateway.port, CONNECTIONS)[""]
    statuses: dict[str, int] = {}
    took: list[float] = []

    def seen() -> Seen:
        unknown = process.num_fds() - own_descriptors - _figures(gateway.port, CONNECTIONS)[""]
        ended = _figures(gateway.port, "sillage_gateway_connections_ended_total", "why")
        refused = _figures(gateway.port, "sillage_gateway_requests_total", "reason")
        ordered = sorted(took)
        p99 = ordered[int(len(took) * 0.99)]
        return Seen(statuses, ordered[-1], p99, before, most, int(unknown), ended, refused)

    with _attackers(gateway.port, slow):
        started = time.monotonic()
        while True:
            asked = time.monotonic()
            status = _good_request(gateway.port)
            took.append(time.monotonic() - asked)
            statuses[status] = statuses.get(status, 0) + 1
            most = max(most, _resident(process))
            if asked - started > seconds and (_is_done(now := seen()) or asked - started > PATIENCE_S):
                return now
            time.sleep(EVERY_S)


def _is_done(seen: Seen) -> bool:
    return not seen.not_needed and seen.unknown_descriptors <= SPARE_DESCRIPTORS


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


def _figures(port: int, name: str, label: str | None = None) -> dict[str, float]:
    """A metric of the gateway by that label's value, summed over the others; without one under ""."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S).text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                value = sample.labels[label] if label else ""
                found[value] = found.get(value, 0.0) + sample.value
    return found


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
        "requests refused": {why: int(number) for why, number in seen.refused.items() if why},
        "descriptors of nobody": seen.unknown_descriptors,
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
