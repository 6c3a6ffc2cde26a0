"""uvicorn, as this service runs it."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

_GRACE_S: Final = 5
"""How long requests in flight may take after SIGTERM; each waits for Kafka two seconds at most."""


class Server(uvicorn.Server):
    """Ends quietly on a signal: uvicorn's own way raises it again, and the process exits 143."""

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


def server(application: ASGIApp, host: str, port: int) -> Server:
    """A server for one process: no access log, no trust in forwarded addresses, its logging left to ours."""
    return Server(
        uvicorn.Config(
            application,
            host=host,
            port=port,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )


def dispatch(path: str, hot: ASGIApp, beside: ASGIApp) -> ASGIApp:
    """One application out of two: `hot` for exactly this path, without a framework before it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = hot if scope["type"] == "http" and scope["path"] == path else beside
        await chosen(scope, receive, send)

    return application
