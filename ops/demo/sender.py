"""Sending the demo's requests: some at once, each again until it is answered."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import httpx

from ops.demo.clickstream import Request

PATIENCE_S = 60.0
RETRY_S = 0.25
AT_ONCE = 16


class GatewayAway(Exception):
    """The gateway did not answer for a minute."""


@dataclass(slots=True)
class Tally:
    """What the gateway answered, in events. `again`: requests sent more than once."""

    accepted: int = 0
    rejected: int = 0
    requests: int = 0
    again: int = 0
    sessions: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where to send, and as whom."""

    url: str
    origin: str
    key: str


def send(gateway: Gateway, requests: Iterable[Request], progress: Callable[[int], None]) -> Tally:
    """Send all; `progress` is told how many events each answered request held. Raises GatewayAway."""
    return asyncio.run(_send(gateway, iter(requests), progress))


async def _send(gateway: Gateway, requests: Iterator[Request], progress: Callable[[int], None]) -> Tally:
    tally = Tally()
    async with httpx.AsyncClient(base_url=gateway.url, timeout=10.0) as client:

        async def work() -> None:
            for request in requests:
                await _deliver(client, gateway, request, tally)
                progress(request.events)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())
    return tally


async def _deliver(client: httpx.AsyncClient, gateway: Gateway, request: Request, tally: Tally) -> None:
    """Until answered 200: a retry carries the same event ids, so it cannot count twice."""
    headers = {"Origin": gateway.origin, "User-Agent": request.user_agent}
    deadline = time.monotonic() + PATIENCE_S
    while True:
        body = request.body | {"key": gateway.key, "sentAt": time.time_ns() // 1_000_000}
        try:
            answer = await client.post("/api/analytics", json=body, headers=headers)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code < 500:
            break
        if time.monotonic() > deadline:
            raise GatewayAway(f"the gateway at {gateway.url} has not answered for {PATIENCE_S:.0f} s")
        tally.again += 1
        await asyncio.sleep(RETRY_S)
    _count(request, answer, tally)


def _count(request: Request, answer: httpx.Response, tally: Tally) -> None:
    document = answer.json()
    accepted = document.get("count", 0) if answer.status_code == httpx.codes.OK else 0
    tally.requests += 1
    tally.accepted += accepted
    tally.rejected += len(document.get("rejected", ()))
    if accepted:
        tally.sessions.add(request.session_id)
