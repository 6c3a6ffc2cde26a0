"""Sending the demo's requests: some at once, each again until it is answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp

from ops.demo.clickstream import Request

PATIENCE_S = 60.0
RETRY_S = 0.25
AT_ONCE = 16


class GatewayAway(Exception):
    """The gateway did not answer for a minute."""


@dataclass(slots=True)
class Tally:
    """What the gateway answered, in events. `again`: requests sent more than once."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    invalid: int = 0
    """Made invalid on purpose."""
    refused: Counter[int] = field(default_factory=Counter)
    """Requests whose answer is no part of the demo, by HTTP status."""
    requests: int = 0
    again: int = 0

    def count(self, request: Request, status: int, document: Mapping[str, Any]) -> None:
        """Take note of an answer. A 400 is due only where no event of the request was meant to pass."""
        self.requests += 1
        self.sent += request.events
        self.invalid += request.invalid
        self.rejected += len(document.get("rejected", ()))
        if status == HTTPStatus.OK:
            self.accepted += document.get("count", 0)
        elif status != HTTPStatus.BAD_REQUEST or request.invalid < request.events:
            self.refused[status] += 1


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
    patience = aiohttp.ClientTimeout(total=10.0)
    async with aiohttp.ClientSession(base_url=gateway.url, timeout=patience) as client:

        async def work() -> None:
            for request in requests:
                await _deliver(client, gateway, request, tally)
                progress(request.events)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())
    return tally


async def _deliver(client: aiohttp.ClientSession, gateway: Gateway, request: Request, tally: Tally) -> None:
    """Until answered 200: a retry carries the same event ids, so it cannot count twice."""
    deadline = time.monotonic() + PATIENCE_S
    while not await _answered(client, gateway, request, tally):
        if time.monotonic() > deadline:
            raise GatewayAway(f"the gateway at {gateway.url} has not answered for {PATIENCE_S:.0f} s")
        tally.again += 1
        await asyncio.sleep(RETRY_S)


async def _answered(client: aiohttp.ClientSession, gateway: Gateway, request: Request, tally: Tally) -> bool:
    """Send once; count the answer. False: no answer, or one that asks to try again."""
    headers = {"Origin": gateway.origin, "User-Agent": request.user_agent}
    body = request.body | {"key": gateway.key, "sentAt": time.time_ns() // 1_000_000}
    try:
        async with client.post("/api/analytics", json=body, headers=headers) as answer:
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return False
            tally.count(request, answer.status, await answer.json())
            return True
    except (aiohttp.ClientError, TimeoutError):
        return False
