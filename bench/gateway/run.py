"""One program under load: start it, warm it up, find its saturation, then its latencies at half of that."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.gateway.contestants import LOAD_TOOL, Contestant
from bench.gateway.errors import LoadFailed, ProgramFailed
from bench.gateway.traffic import ORIGIN
from bench.process import cpu_seconds, running
from bench.streams.samples import Speed
from ops.runtime.home import tail

SPOOLED = "sillage_gateway_spooled_records"
START_S = 60.0
ARRIVAL_S = 30.0
WARM_UP_S = 1.5
CONNECTIONS: Mapping[int, int] = {1: 128, 10: 64, 100: 32}
"""Kept open while looking for the saturation, by events a request."""
OPEN_LOOP_CONNECTIONS = 512


@dataclass(frozen=True, slots=True)
class Load:
    """What the load tool tells of a run; latencies in milliseconds by percentile."""

    seconds: float
    requests: int
    accepted: int
    statuses: Mapping[str, int]
    latency_ms: Mapping[str, float]

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One program on one kind of request. `rate`: requests a second of the run at half of saturation.

    `missing`: events accepted in any of the runs, less those found in the topic. `spooled`: those that went
    to the gateway's disk first; its rivals have no such way out.
    """

    saturated: Speed
    rate: float
    half: Load
    refused: int
    resident_bytes: int
    spooled: int
    missing: int


@contextmanager
def started(contestant: Contestant, told: Mapping[str, str], log: Path) -> Iterator[psutil.Popen]:
    """The program as a process that answers /readyz with 200. Raises ProgramFailed."""
    with running(contestant.command, told, log) as process:
        _await_ready(process, contestant, f"http://127.0.0.1:{told['SILLAGE_GATEWAY_PORT']}/readyz", log)
        yield process


def _await_ready(process: psutil.Popen, contestant: Contestant, url: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ProgramFailed(f"{contestant.name} ended; its log:\n{tail(log)}")
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise ProgramFailed(f"{contestant.name} was not ready after {START_S:.0f} s; its log:\n{tail(log)}")


def measure(
    process: psutil.Popen, port: int, requests: Path, batch: int, seconds: float, in_topic: Callable[[], int]
) -> Measured:
    """Load one running program with requests of `batch` events. Raises LoadFailed."""
    before, spooled = in_topic(), _spooled(port)
    warm = _load(port, requests, CONNECTIONS[batch], WARM_UP_S)
    cpu = cpu_seconds(process)
    full = _load(port, requests, CONNECTIONS[batch], seconds)
    saturated = Speed(full.accepted, full.seconds, cpu_seconds(process) - cpu)
    resident = process.memory_info().rss
    rate = full.requests_per_second / 2
    half = _load(port, requests, OPEN_LOOP_CONNECTIONS, seconds, rate)
    runs = (warm, full, half)
    accepted = sum(run.accepted for run in runs)
    _await_arrival(lambda: in_topic() - before >= accepted)
    refused = sum(count for run in runs for status, count in run.statuses.items() if status != "200")
    missing = accepted - (in_topic() - before)
    return Measured(saturated, rate, half, refused, resident, _spooled(port) - spooled, missing)


def _spooled(port: int) -> int:
    """As far as the program has a spool, and tells."""
    told = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5)
    counters = text_string_to_metric_families(told.text) if SPOOLED in told.text else ()
    return round(
        sum(sample.value for family in counters if family.name == SPOOLED for sample in family.samples)
    )


def _await_arrival(arrived: Callable[[], bool]) -> None:
    """What went to the spool, because Kafka was slow for a moment, takes its time."""
    end = time.monotonic() + ARRIVAL_S
    while not arrived() and time.monotonic() < end:
        time.sleep(0.1)


def _load(port: int, requests: Path, connections: int, seconds: float, rate: float = 0.0) -> Load:
    done = subprocess.run(
        [
            str(LOAD_TOOL),
            f"-address=127.0.0.1:{port}",
            f"-origin={ORIGIN}",
            f"-requests={requests}",
            f"-connections={connections}",
            f"-seconds={seconds}",
            f"-rate={rate}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LoadFailed(f"the load tool said: {done.stderr.strip()}")
    told: dict[str, Any] = json.loads(done.stdout)
    return Load(**told)
