"""uvicorn, as this service runs it."""

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest_gateway.connection_guard import ConnectionGuard
from ingest_gateway.guarded_connection import GuardedConnection

_GRACE_S: Final = 5
"""How long requests in flight may take after SIGTERM."""
_BACKLOG: Final = 2_048

_OWN_DESCRIPTORS: Final = 128
"""For everything but clients: files, Kafka's brokers, the registry, the listening socket."""


class Server(uvicorn.Server):
    """Guards its connections, and ends quietly on a signal.

    uvicorn's own way raises the signal again, and the process exits 143.
    """

    def __init__(self, config: uvicorn.Config, guard: ConnectionGuard) -> None:
        super().__init__(config)
        self._guard = guard

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until stopped."""
        watch = asyncio.create_task(self._guard.watch())
        try:
            await super().serve(sockets)
        finally:
            watch.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    def stop(self) -> None:
        """Take no more connections, finish what is in flight, and return from `serve`."""
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A socket whose connections are shared among all processes that do the same (SO_REUSEPORT)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=True)


def server(application: ASGIApp, guard: ConnectionGuard) -> Server:
    """A server for one process: no access log, no trust in forwarded addresses, its logging left to ours."""
    # It logs a line for each broken request; the guard counts them.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return Server(
        uvicorn.Config(
            application,
            # A factory will do: uvicorn asks for a class, and calls it.
            http=partial(GuardedConnection, guard),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_S,
        ),
        guard,
    )


def connections_possible(wanted: int) -> int:
    """As many connections as wanted, or as there are descriptors for; raises the soft limit if need be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted + _OWN_DESCRIPTORS
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, min(wanted, allowed - _OWN_DESCRIPTORS))


def dispatch(path: str, hot: ASGIApp, beside: ASGIApp) -> ASGIApp:
    """One application out of two: `hot` for exactly this path, without a framework before it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = hot if scope["type"] == "http" and scope["path"] == path else beside
        await chosen(scope, receive, send)

    return application
