"""What stands beside the hot route: health, metrics, the OpenAPI document and a page to read it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest_gateway import answers, openapi
from ingest_gateway.answers import INTERNAL_ERROR_TEXT
from ingest_gateway.docs_page import page
from ingest_gateway.errors import RateLimited
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.rate_limits import RateLimits
from ingest_gateway.readiness import Readiness
from ingest_gateway.request import Request as Asked
from ingest_gateway.route import PATH
from ingest_gateway.sdk_script import BuiltScript
from ingest_gateway.wall_clock import now_ms
from schemas.reasons import Reason

OF_OPERATION: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""For supervisors and Prometheus, who ask from the inside: no rate limit may make them blind."""
SEE: Final = ("/docs", "/openapi.json", "/healthz", "/readyz", "/metrics")
_NOT_BUILT: Final = "the browser SDK is not built, or SILLAGE_SDK_FILE does not name its file"
_LIMITED: Final[dict[int | str, dict[str, Any]]] = {429: {"description": "This address asks too often."}}
_SCRIPT_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **_LIMITED,
    304: {"description": "The script that If-None-Match names."},
    404: {"description": "None is built.", "content": {"application/json": {}}},
}
_REASONS: Final = {404: Reason.NOT_FOUND, 405: Reason.METHOD_NOT_ALLOWED}


class Script(Response):
    """JavaScript."""

    media_type = "text/javascript"


def side_routes(
    readiness: Readiness,
    metrics: GatewayMetrics,
    sdk: dict[str, int | bool],
    sdk_file: Path | None = None,
    limits: RateLimits | None = None,
    docs: bool = True,
) -> FastAPI:
    """The application for every address but the hot one.

    `sdk`: what a browser's SDK should go by; `sdk_file`: where its built script is; `limits`: the hot
    address's; `docs`: whether the OpenAPI document and its page are shown.
    """
    # FastAPI's own documentation page loads its scripts from a CDN; ours needs no network.
    app = FastAPI(
        title="Sillage gateway",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={HTTPException: _as_json, Exception: _as_bug},
    )

    _operation(app, readiness, metrics)
    _for_browsers(app, sdk, sdk_file)
    _for_developers(app, sdk, docs)
    if limits is not None:
        app.add_middleware(Limited, limits=limits, metrics=metrics)
    return app


class Limited:
    """Counts requests beside the hot address for their client's limit too."""

    def __init__(self, app: ASGIApp, limits: RateLimits, metrics: GatewayMetrics) -> None:
        self._app = app
        self._limits = limits
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 429 itself, without a look at the address."""
        try:
            if scope["type"] == "http" and scope["path"] not in OF_OPERATION:
                self._limits.check_client(Asked(scope, now_ms()))
        except RateLimited as refusal:
            answer = answers.refused(refusal)
            self._metrics.request_ended(answer.outcome, answer.status, answer.reason)
            await answers.send(send, answer, [], before_closing=_nothing)
        else:
            await self._app(scope, receive, send)


async def _nothing() -> None: ...


def _operation(app: FastAPI, readiness: Readiness, metrics: GatewayMetrics) -> None:
    @app.get("/healthz", summary="Whether the process is alive")
    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", summary="Whether it can take events, and if not, why", responses={503: {}})
    async def ready() -> JSONResponse:
        missing = readiness.missing
        status = "not ready" if missing else "ready"
        document = {"status": status, "missing": missing, "spooling": readiness.degraded}
        return JSONResponse(document, 503 if missing else 200)

    @app.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
    async def figures() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _for_browsers(app: FastAPI, sdk: dict[str, int | bool], sdk_file: Path | None) -> None:
    built = BuiltScript(sdk_file, sdk)

    @app.get("/sillage.js", summary="The browser SDK", response_class=Script, responses=_SCRIPT_ANSWERS)
    async def browser_sdk(request: Request) -> Response:
        served = built.current()
        if served is None:
            return _failure(404, Reason.NOT_FOUND, _NOT_BUILT)
        if served.known_by(request.headers.get("if-none-match")):
            return Script(status_code=304, headers=served.headers)
        return Script(served.content, headers=served.headers)


def _for_developers(app: FastAPI, sdk: dict[str, int | bool], shown: bool) -> None:
    see = SEE if shown else tuple(sorted(OF_OPERATION))

    @app.get("/", summary="What is here", responses=_LIMITED)
    async def index() -> dict[str, Any]:
        return {"service": "ingest_gateway", "events": f"POST {PATH}", "see": see, "sdk": sdk}

    if not shown:
        return
    # Made once: that takes longer than a hundred page views.
    whole = openapi.document(app)
    as_json, as_page = JSONResponse(whole).body, page(whole)

    @app.get("/openapi.json", include_in_schema=False)
    async def document() -> Response:
        return Response(as_json, media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(as_page)


async def _as_json(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    reason = _REASONS.get(error.status_code, Reason.BAD_FRAMING)
    return _failure(error.status_code, reason, reason.meaning, error.headers)


async def _as_bug(_request: Request, _error: Exception) -> JSONResponse:
    return _failure(500, Reason.INTERNAL_ERROR, INTERNAL_ERROR_TEXT)


def _failure(
    status: int, reason: Reason, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = {"success": False, "error": message, "reason": reason.value}
    return JSONResponse(body, status, headers=dict(headers or {}))
