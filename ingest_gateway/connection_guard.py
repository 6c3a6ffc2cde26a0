"""All connections of one server: what each may take, and which are ended to make room for others.

uvicorn waits for ever for a client that sends its request, or reads its answer, a byte at a time.
`guarded_connection` gives each turn of a client a deadline; here all deadlines are looked at, once a second
and together, so that no request starts a timer.
"""

import asyncio
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from ingest_gateway.metrics import ConnectionEnd, GatewayMetrics
from schemas import limits

if TYPE_CHECKING:
    from ingest_gateway.guarded_connection import GuardedConnection

_SWEEP_S: Final = 1.0
_EVICTED_AT_ONCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """What a connection may take of time (seconds), bytes and places."""

    head_s: float = 10.0
    body_s: float = 10.0
    keep_alive_s: float = 5.0
    read_answer_s: float = 10.0
    leave_s: float = 3.0
    """To take what was written before it is closed."""
    head_bytes: int = 16 * 1024
    head_lines: int = 100
    pipelined: int = 8
    """Requests that may wait behind the one being answered."""
    unread_body_bytes: int = 2 * limits.BODY_BYTES
    connections: int = 2_000


class ConnectionGuard:
    """All connections of one server that hold a descriptor."""

    def __init__(self, bounds: ConnectionBounds, metrics: GatewayMetrics) -> None:
        self.bounds = bounds
        self.connections: set[GuardedConnection] = set()
        self.metrics = metrics
        metrics.connections.set_function(lambda: len(self.connections))

    def make_room(self) -> bool:
        """Whether one more connection fits; if need be by ending those that keep the gateway waiting."""
        most = self.bounds.connections
        if len(self.connections) < most:
            return True
        waiting = [one for one in self.connections if not one.busy]
        for one in nsmallest(max(1, int(most * _EVICTED_AT_ONCE)), waiting, key=_waiting_since):
            one.abort(ConnectionEnd.EVICTED)
        return bool(waiting)

    async def watch(self) -> None:
        """End what is past its deadline, for ever."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            self.sweep(asyncio.get_running_loop().time())

    def sweep(self, now: float) -> None:
        """End every connection that is past its deadline. `now`: the event loop's clock."""
        for one in [*self.connections]:
            if now > one.deadline or now > one.read_deadline:
                one.expire(now)
            elif one.transport.is_closing():
                one.leave()  # closed by uvicorn or by its client, with an answer still unread


def _waiting_since(connection: "GuardedConnection") -> float:
    return connection.since
