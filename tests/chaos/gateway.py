"""`make chaos-gateway`: Kafka and the gateway harmed under steady load, then every answer against the topic.

    python -m tests.chaos.gateway [--rate 300] [--outage 20]

Kafka is frozen, killed and kept down, frozen again while the gateway is killed; then a small spool is filled.
Ends with a line `N passed, N failed`.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.table import Table

from ops.provision import apply_schemas, apply_topics
from ops.runtime import Instance
from schemas.topics import INTERACTIONS, Namespace
from tests.chaos.gateway_load import Load
from tests.chaos.gateway_verdict import Verdict, all_taken, judge, quick
from tests.services import Service, free_port
from tests.stack import Stack, choose
from tests.topic import read_topic
from wire.clients import Cluster
from wire.codec import Decoder
from wire.registry import Registry

ORIGIN: Final = "https://shop.example"
PATIENCE_S: Final = 240.0
WAITING: Final = (
    "sillage_gateway_spool_records",
    "sillage_gateway_spool_adopted_records",
    "sillage_gateway_spool_left_bytes",
)
"""All that is still to be delivered: of the process, and of those before it."""
BREAKER_OPEN: Final = "sillage_gateway_breaker_open"
FROZEN, DOWN, RETURNING, KILLED, FULL, DRAINING = (
    "Kafka frozen",
    "Kafka down",
    "Kafka coming back",
    "gateway killed",
    "spool full",
    "draining",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard, and how long."""

    rate: float
    outage_s: float
    breath_s: float = 2.0


class Gateway:
    """One gateway process after the other, on one port and one spool."""

    def __init__(self, stack: Stack, space: Namespace, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self._environment = {
            "SILLAGE_KAFKA_BOOTSTRAP": stack.bootstrap,
            "SILLAGE_REGISTRY_URL": stack.registry_url,
            "SILLAGE_NAMESPACE": space.prefix,
            "SILLAGE_GATEWAY_PORT": str(self._port),
            "SILLAGE_ALLOWED_ORIGINS": ORIGIN,
            "SILLAGE_ADDRESS_RATE": "0",
            "SILLAGE_SPOOL_DIR": str(folder / "spool"),
        }
        self.service = self._made({})
        # One for all: making a client takes as long as many requests, on the loop that sends the load.
        self._client = httpx.AsyncClient(
            timeout=PATIENCE_S, verify=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    @property
    def url(self) -> str:
        return self.service.url

    def _made(self, more: dict[str, str]) -> Service:
        return Service("ingest_gateway", self._environment | more, self._port, self._folder / "gateway.log")

    async def start(self, more: dict[str, str] | None = None) -> None:
        self.service = self._made(more or {})
        await asyncio.to_thread(self.service.start)

    async def kill(self) -> None:
        await asyncio.to_thread(self.service.kill)

    async def end(self) -> None:
        """No process is left."""
        await self._client.aclose()
        self.service.end()

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.service.signal(signal.SIGTERM)
        return await asyncio.to_thread(self.service.wait, PATIENCE_S)

    async def figure(self, *names: str) -> float:
        """The sum of these figures."""
        text = (await self._client.get(f"{self.url}/metrics")).text
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        figures = {name: float(value) for name, _, value in lines}
        return sum(figures[name] for name in names)

    async def until(self, true: Callable[[float], bool], *names: str) -> None:
        """Look until it holds for the sum of these figures; of what waits, where none are named."""
        deadline = time.monotonic() + PATIENCE_S
        while not true(await self.figure(*(names or WAITING))):
            if time.monotonic() > deadline:
                raise AssertionError(f"{names} do not change; the log ends:\n{self.service.tail()}")
            await asyncio.sleep(0.2)


class Chaos:
    """One run on a namespace of its own."""

    def __init__(self, stack: Stack, instance: Instance, plan: Plan, folder: Path, console: Console) -> None:
        self._stack, self._instance, self._plan, self._console = stack, instance, plan, console
        self._space = Namespace(f"chaos-gateway-{int(time.time())}.")
        self._gateway = Gateway(stack, self._space, folder)
        self._load = Load(self._gateway.url, ORIGIN, plan.rate)
        self._exits: list[int] = []

    async def run(self) -> Verdict:
        """Harm, wait until everything is delivered, and compare."""
        apply_topics(Cluster(self._stack.bootstrap), self._space)
        apply_schemas(self._stack.registry_url, self._space)
        try:
            await self._gateway.start()
            await self._under_load(self._freeze, self._keep_down, self._kill_gateway)
            self._exits.append(await self._gateway.stop())
            await self._gateway.start({"SILLAGE_SPOOL_MAX_MB": "1"})
            await self._under_load(self._fill_spool)
            self._exits.append(await self._gateway.stop())
        finally:
            await self._gateway.end()
        return self._judged()

    async def _under_load(self, *faults: "Callable[[], object]") -> None:
        stop = asyncio.Event()
        load = asyncio.create_task(self._load.run(stop))
        for fault in faults:
            await asyncio.sleep(self._plan.breath_s)
            self._console.print(f"  {fault.__doc__}")
            await fault()  # type: ignore[misc]
        stop.set()
        await load
        await self._gateway.until(lambda waiting: waiting == 0)

    async def _drain(self) -> None:
        """Kafka may have to boot first: on this machine's processors, beside the gateway and the load."""
        with self._load.during(RETURNING):
            await self._gateway.until(lambda is_open: not is_open, BREAKER_OPEN)
        with self._load.during(DRAINING):
            await self._gateway.until(lambda waiting: waiting == 0)
            await asyncio.sleep(self._plan.breath_s)

    async def _freeze(self) -> None:
        """Kafka is frozen (SIGSTOP)"""
        pid = self._instance.pid("kafka")
        os.kill(pid, signal.SIGSTOP)
        try:
            with self._load.during(FROZEN):
                await asyncio.sleep(self._plan.outage_s)
        finally:
            os.kill(pid, signal.SIGCONT)
        await self._drain()

    async def _keep_down(self) -> None:
        """Kafka is killed (SIGKILL) and kept down"""
        with self._load.during(DOWN):
            killed = self._instance.pid("kafka")
            os.kill(killed, signal.SIGKILL)
            # Its supervisor starts another at once: that one is held before it listens.
            successor = await self._another_kafka(killed)
            os.kill(successor, signal.SIGSTOP)
            try:
                await asyncio.sleep(self._plan.outage_s)
            finally:
                os.kill(successor, signal.SIGCONT)
        await self._drain()

    async def _another_kafka(self, killed: int) -> int:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = (await asyncio.to_thread(self._instance.processes))["kafka"]
                if found.running and found.pid is not None and found.pid != killed:
                    return found.pid
                await asyncio.sleep(0.05)

    async def _kill_gateway(self) -> None:
        """the gateway is killed (SIGKILL) while it spools"""
        pid = self._instance.pid("kafka")
        os.kill(pid, signal.SIGSTOP)
        try:
            with self._load.during(KILLED):
                await self._gateway.until(lambda waiting: waiting > self._plan.rate)
                await self._gateway.kill()
                await self._gateway.start()
                await asyncio.sleep(self._plan.outage_s / 4)
        finally:
            os.kill(pid, signal.SIGCONT)
        await self._drain()

    async def _fill_spool(self) -> None:
        """Kafka is frozen until a small spool is full"""
        pid = self._instance.pid("kafka")
        os.kill(pid, signal.SIGSTOP)
        try:
            with self._load.during(FULL, events=20):
                await self._load.answered(503)
                await asyncio.sleep(self._plan.breath_s)
        finally:
            os.kill(pid, signal.SIGCONT)
        await self._gateway.until(lambda waiting: waiting == 0)

    def _in_topic(self) -> list[str]:
        """The event ids of all records."""
        decoder = Decoder("interaction", Registry(self._stack.registry_url))
        topic = read_topic(self._stack.bootstrap, self._space.topic(INTERACTIONS))
        return [decoder.decode(message.value())["event_id"] for message in topic]

    def _judged(self) -> Verdict:
        verdict = judge(self._load.sent, self._in_topic())
        refused = [request for request in self._load.sent if request.status == 503]
        hinted = bool(refused) and all(request.retry_after for request in refused)
        verdict.checks |= {
            "while Kafka is frozen every request is taken": all_taken(verdict.phases[FROZEN]),
            "while Kafka is down every request is taken": all_taken(verdict.phases[DOWN]),
            "while the spool drains every request is taken": all_taken(verdict.phases[DRAINING]),
            "a full spool answers 503 with Retry-After": None if hinted else f"{len(refused)} of 503",
            "SIGTERM ends it with 0": None if not any(self._exits) else f"exit codes {self._exits}",
        }
        if RETURNING in verdict.phases:  # it may have been back at once
            verdict.checks["while Kafka comes back every request is taken"] = all_taken(
                verdict.phases[RETURNING]
            )
        return verdict


def run(stack: Stack, plan: Plan, folder: Path, console: Console) -> Verdict:
    """Everything but the verdict on times."""
    if stack.instance is None:
        raise ValueError("chaos needs the native stack: it kills and restarts Kafka")
    return asyncio.run(Chaos(stack, stack.instance, plan, folder, console).run())


def show(verdict: Verdict, console: Console) -> None:
    """Print what was found."""
    table = Table("phase", "requests", "answers", "p50 ms", "p99 ms", "slowest ms")
    for name, phase in verdict.phases.items():
        times = (f"{seconds * 1_000:.1f}" for seconds in (phase.p50_s, phase.p99_s, phase.slowest_s))
        answers = ", ".join(
            f"{phase.statuses[status]} of {status or 'none'}" for status in sorted(phase.statuses)
        )
        table.add_row(name, f"{phase.requests:,}", answers, *times)
    console.print(table)
    console.print(f"events answered 200: {verdict.answered:,}; LOST={verdict.lost}")
    console.print(f"in the topic more than once: {verdict.duplicates:,} records (they count once downstream)")
    console.print(f"in the topic though answered otherwise, by answer: {dict(verdict.landed_otherwise)}")
    for check, wrong in verdict.checks.items():
        console.print(f"{'✗' if wrong else '✓'} {check}{f': {wrong}' if wrong else ''}")


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=300.0, help="requests a second, of 3 events each")
    parser.add_argument("--outage", type=float, default=20.0, help="seconds that Kafka is away, each time")
    asked = parser.parse_args()
    console = Console()
    with choose() as stack, tempfile.TemporaryDirectory() as folder:
        verdict = run(stack, Plan(asked.rate, asked.outage), Path(folder), console)
    for phase in (FROZEN, DOWN, DRAINING):
        verdict.checks[f"{phase}: p99 under 250 ms"] = quick(verdict.phases[phase])
    show(verdict, console)
    sys.stdout.write(f"{len(verdict.checks) - verdict.failed} passed, {verdict.failed} failed\n")
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
