"""What stands beside the hot route: health, metrics, the OpenAPI document and a page to read it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from ingest_gateway import openapi
from ingest_gateway.answers import INTERNAL_ERROR_TEXT
from ingest_gateway.docs_page import page
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.readiness import Readiness
from ingest_gateway.route import PATH
from ingest_gateway.sdk_script import script
from schemas.reasons import Reason

SEE: Final = ("/docs", "/openapi.json", "/healthz", "/readyz", "/metrics")
_NOT_BUILT: Final = "the browser SDK is not built, or SILLAGE_SDK_FILE does not name its file"
_SCRIPT_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
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
) -> FastAPI:
    """The application for every address but the hot one.

    `sdk`: what a browser's SDK should go by; `sdk_file`: where its built script is.
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
    _for_developers(app, sdk)
    return app


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
    @app.get("/sillage.js", summary="The browser SDK", response_class=Script, responses=_SCRIPT_ANSWERS)
    async def browser_sdk(request: Request) -> Response:
        served = script(sdk_file, sdk)
        if served is None:
            return _failure(404, Reason.NOT_FOUND, _NOT_BUILT)
        if served.known_by(request.headers.get("if-none-match")):
            return Script(status_code=304, headers=served.headers)
        return Script(served.content, headers=served.headers)


def _for_developers(app: FastAPI, sdk: dict[str, int | bool]) -> None:
    @app.get("/", summary="What is here")
    async def index() -> dict[str, Any]:
        return {"service": "ingest_gateway", "events": f"POST {PATH}", "see": SEE, "sdk": sdk}

    @app.get("/openapi.json", include_in_schema=False)
    async def document() -> JSONResponse:
        return JSONResponse(openapi.document(app))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page(openapi.document(app)))


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
