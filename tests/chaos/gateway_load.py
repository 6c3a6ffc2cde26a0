"""A steady stream of requests, sent at their time whether or not earlier ones were answered (open loop)."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final
from uuid import uuid4

import aiohttp

_TIMEOUT_S: Final = 60.0
_CONNECTIONS: Final = 300
UNANSWERED: Final = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: its events, how it was answered (0: not at all), and when, on the monotonic clock.

    `seconds` counts from the time it was due, so that a wait before sending is part of it.
    """

    ids: tuple[str, ...]
    phase: str
    status: int
    retry_after: bool
    due: float
    seconds: float


@dataclass
class Load:
    """So many requests a second to one gateway, from `running` on."""

    url: str
    origin: str
    rate: float
    phase: str = "healthy"
    events: int = 3
    """In each request."""
    sent: list[Sent] = field(default_factory=list)

    @contextmanager
    def during(self, phase: str, events: int = 3) -> Iterator[None]:
        """What is sent meanwhile belongs to this phase, and has so many events in each request."""
        before = self.phase, self.events
        self.phase, self.events = phase, events
        try:
            yield
        finally:
            self.phase, self.events = before

    async def answered(self, status: int) -> None:
        """Return at the next answer with that status."""
        seen = len(self.sent)
        async with asyncio.timeout(_TIMEOUT_S):
            while not any(request.status == status for request in self.sent[seen:]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop, then wait for the last answers."""
        under_way: set[asyncio.Task[None]] = set()
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            began = time.monotonic()
            for number in count():
                due = began + number / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if stop.is_set():
                    break
                task = asyncio.create_task(self._send(session, due, self.phase))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.gather(*under_way)

    async def _send(self, session: aiohttp.ClientSession, due: float, phase: str) -> None:
        ids = tuple(str(uuid4()) for _ in range(self.events))
        view = {"eventType": "PAGE_VIEW", "path": "/perfume/iris"}
        events = [view | {"eventId": event_id} for event_id in ids]
        status, retry_after = UNANSWERED, False
        try:
            async with session.post(
                f"{self.url}/api/analytics",
                json={"sessionId": ids[0], "events": events},
                headers={"Origin": self.origin},
            ) as answer:
                await answer.read()
                status, retry_after = answer.status, "Retry-After" in answer.headers
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.sent.append(Sent(ids, phase, status, retry_after, due, time.monotonic() - due))
