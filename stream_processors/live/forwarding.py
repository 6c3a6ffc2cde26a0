"""A question goes to whoever can answer it: one worker for a row, all of them for a summary.

The asked worker passes on the caller's own key. A forwarded question is never forwarded again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from stream_processors.live.answers import NotHere
from stream_processors.live.workers import Workers

FORWARDED = "X-Sillage-Forwarded"
PATIENCE = ClientTimeout(total=2.0)

Share = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """One agent's workers. `me`: this worker's address (host:port)."""

    name: str
    partitions: int
    me: str
    workers: Workers


class Forwarding:
    """Asks other workers over HTTP."""

    def __init__(self, client: Callable[[], ClientSession]) -> None:
        self._client = client

    async def row(self, request: web.Request, group: Group, partition: int) -> web.StreamResponse:
        """The owner's answer to the same question. Raises NotHere where there is none to be had."""
        owner = (await group.workers.addresses(group.name)).get(partition)
        if FORWARDED in request.headers or owner in (None, "", group.me):
            raise NotHere
        try:
            async with self._ask(request, str(owner)) as answer:
                kept = {name: answer.headers[name] for name in ("Retry-After",) if name in answer.headers}
                body = await answer.read()
                return web.Response(
                    status=answer.status, body=body, content_type=answer.content_type, headers=kept
                )
        except (ClientError, TimeoutError):
            raise NotHere from None

    async def everywhere(
        self, request: web.Request, group: Group, own: Share, merge: Callable[[Sequence[Share]], Share]
    ) -> Share:
        """One answer out of all workers' shares. Raises NotHere unless they cover each partition once."""
        if FORWARDED in request.headers:
            return own
        owners = set((await group.workers.addresses(group.name)).values()) - {group.me, ""}
        shares = [own, *await asyncio.gather(*(self._share(request, owner) for owner in owners))]
        covered = sorted(number for share in shares for number in share["partitions"])
        if covered != list(range(group.partitions)):
            raise NotHere
        return merge(shares)

    async def _share(self, request: web.Request, owner: str) -> Share:
        try:
            async with self._ask(request, owner) as answer:
                if answer.status != web.HTTPOk.status_code:
                    raise NotHere
                share: Share = await answer.json()
                return share
        except (ClientError, TimeoutError):
            raise NotHere from None

    def _ask(self, request: web.Request, owner: str) -> Any:
        headers = {FORWARDED: "1", "Authorization": request.headers.get("Authorization", "")}
        return self._client().get(f"http://{owner}{request.path_qs}", headers=headers, timeout=PATIENCE)
