"""The worker's HTTP edge: live reads for those with a secret key, health and metrics for operators."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from aiohttp import ClientSession, web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from schemas.api_keys import ApiKeys
from stream_processors.live import perfumes as perfume_answers
from stream_processors.live import sessions as session_answers
from stream_processors.live.answers import Gone, NotHere
from stream_processors.live.forwarding import Forwarding, Group
from stream_processors.live.perfumes import LivePerfumes
from stream_processors.live.sessions import LiveSessions

RETRY_AFTER_S = 1
TRENDING_DEFAULT, TRENDING_MOST = 20, 1_000
CLIENT = web.AppKey("client", ClientSession)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Rows:
    """What can be asked about: this worker's rows, and the groups of those who hold the others."""

    sessions: LiveSessions
    perfumes: LivePerfumes
    session_group: Group
    perfume_group: Group


class Health(NamedTuple):
    """What probes ask: whether rows are there, and why the worker should be started afresh, if it should."""

    ready: Callable[[], bool]
    not_alive: Callable[[], str | None]


class LiveRoutes:
    """The questions under /live/."""

    def __init__(self, rows: Rows, forwarding: Forwarding) -> None:
        self._rows = rows
        self._forwarding = forwarding

    async def session(self, request: web.Request) -> web.StreamResponse:
        session_id, rows = request.match_info["session_id"], self._rows
        home = rows.sessions.home_partition(session_id)
        own = partial(rows.sessions.session, session_id)
        return await self._row(request, own, rows.session_group, home)

    async def perfume(self, request: web.Request) -> web.StreamResponse:
        perfume_id, rows = request.match_info["perfume_id"], self._rows
        home = rows.perfumes.home_partition(perfume_id)
        own = partial(rows.perfumes.perfume, perfume_id)
        return await self._row(request, own, rows.perfume_group, home)

    async def _row(
        self, request: web.Request, own: Callable[[], Mapping[str, Any] | None], group: Group, home: int
    ) -> web.StreamResponse:
        try:
            row = own()
        except NotHere:
            return await self._forwarding.row(request, group, home)
        if row is None:
            return _error(404, "not_found", "There is no such row among the live ones.")
        return web.json_response(row)

    async def summary(self, request: web.Request) -> web.StreamResponse:
        own, group = self._rows.sessions.summary(), self._rows.session_group
        return web.json_response(
            await self._forwarding.everywhere(request, group, own, session_answers.merged)
        )

    async def trending(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.get("limit", str(TRENDING_DEFAULT))
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked) <= TRENDING_MOST):
            return _error(400, "invalid_field", f"limit is a number from 1 to {TRENDING_MOST}.")
        own, group = self._rows.perfumes.trending(int(asked)), self._rows.perfume_group
        merge = partial(perfume_answers.merged, limit=int(asked))
        return web.json_response(await self._forwarding.everywhere(request, group, own, merge))


def application(
    rows: Rows, health: Health, keys: ApiKeys, registry: CollectorRegistry, instance_id: str
) -> web.Application:
    """The aiohttp application; `keys`: the secret keys that may read, `instance_id`: the worker's name."""
    app = web.Application()
    app.cleanup_ctx.append(_client)
    routes = LiveRoutes(rows, Forwarding(lambda: app[CLIENT]))
    live = web.Application(middlewares=[_only_with(keys), _told_by_status])
    live.add_routes(
        [
            web.get("/sessions/{session_id}", routes.session),
            web.get("/perfumes/{perfume_id}", routes.perfume),
            web.get("/trending", routes.trending),
            web.get("/summary", routes.summary),
        ]
    )
    app.add_routes(_operation(health, registry, instance_id))
    app.add_subapp("/live", live)
    return app


def _operation(health: Health, registry: CollectorRegistry, instance_id: str) -> list[web.RouteDef]:
    async def healthz(_request: web.Request) -> web.Response:
        stuck = health.not_alive()
        return web.json_response({"alive": True}) if stuck is None else _unavailable(stuck)

    async def readyz(_request: web.Request) -> web.Response:
        if health.ready():
            return web.json_response({"ready": True})
        return _unavailable("No partitions yet: joining the group or loading rows.")

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def instance(_request: web.Request) -> web.Response:
        return web.json_response({"instance_id": instance_id})

    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
        web.get("/instance", instance),
    ]


async def _client(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession() as session:
        app[CLIENT] = session
        yield


def _only_with(keys: ApiKeys) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key.strip() not in keys:
            return _error(401, "invalid_key", "Live reads need 'Authorization: Bearer <secret key>'.")
        return await handler(request)

    return check


@web.middleware
async def _told_by_status(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Gone:
        return _error(
            410, "not_found", "The session is over; its last row is in the topic and in PostgreSQL."
        )
    except NotHere:
        return _unavailable("That cannot be told now: rows are being moved or loaded. Ask again.")


def _error(status: int, reason: str, message: str) -> web.Response:
    return web.json_response({"success": False, "error": message, "reason": reason}, status=status)


def _unavailable(message: str) -> web.Response:
    answer = _error(503, "unavailable", message)
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer
