"""The worker's HTTP edge: live reads for those with a secret key, health and metrics for operators."""

import hmac
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from stream_processors.live.sessions import LiveSessions, NotHere

RETRY_AFTER_S = 1
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(
    sessions: LiveSessions, ready: Callable[[], bool], keys: Sequence[str], registry: CollectorRegistry
) -> web.Application:
    """The aiohttp application; `keys` are the secret keys that may read."""

    async def session(request: web.Request) -> web.Response:
        figures = sessions.session(request.match_info["session_id"])
        if figures is None:
            return _error(404, "not_found", "No such session among the live ones.")
        return web.json_response(figures)

    async def summary(_request: web.Request) -> web.Response:
        return web.json_response(sessions.summary())

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        if ready():
            return web.json_response({"ready": True})
        return _unavailable("No partitions yet: joining the group or loading rows.")

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    live = web.Application(middlewares=[_only_with(keys), _not_here_is_503])
    live.add_routes([web.get("/sessions/{session_id}", session), web.get("/summary", summary)])
    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    app.add_subapp("/live", live)
    return app


def _only_with(keys: Sequence[str]) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        given = key.strip().encode()
        known = [hmac.compare_digest(given, valid.encode()) for valid in keys]
        if scheme.lower() != "bearer" or not any(known):
            return _error(401, "invalid_key", "Live reads need 'Authorization: Bearer <secret key>'.")
        return await handler(request)

    return check


@web.middleware
async def _not_here_is_503(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except NotHere:
        return _unavailable("This worker does not hold that row now; ask again, or another worker.")


def _error(status: int, reason: str, message: str) -> web.Response:
    return web.json_response({"success": False, "error": message, "reason": reason}, status=status)


def _unavailable(message: str) -> web.Response:
    answer = _error(503, "unavailable", message)
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer
