"""GET /healthz, /readyz and /metrics, on a thread of their own."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from sinks.health import Health

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Probe = Callable[[], str | None]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds: they are no news."""


@contextmanager
def served(host: str, port: int, health: Health, registry: CollectorRegistry) -> Iterator[int]:
    """Answer while the context is open; gives the port, which is chosen where `port` is 0.

    Raises OSError where the port is taken.
    """
    application = _application(health, registry)
    with make_server(host, port, application, server_class=_Server, handler_class=_Quiet) as server:
        thread = Thread(target=server.serve_forever, name="probes", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _application(
    health: Health, registry: CollectorRegistry
) -> "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]":
    metrics = make_wsgi_app(registry)
    probes: dict[str, Probe] = {"/healthz": health.not_alive, "/readyz": health.not_ready}

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            page: Iterable[bytes] = metrics(environ, start_response)
            return page
        probe = probes.get(path)
        if probe is None:
            return _json(start_response, "404 Not Found", {"error": f"nothing at {path}"})
        if reason := probe():
            return _json(
                start_response, "503 Service Unavailable", {"status": "unavailable", "reason": reason}
            )
        return _json(start_response, "200 OK", {"status": "ok"})

    return answer


def _json(start_response: "StartResponse", status: str, body: dict[str, str]) -> list[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
