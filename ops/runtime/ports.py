"""The loopback ports of an instance."""

import random
import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields

import psutil

from ops.runtime.errors import PortTaken

HOST = "127.0.0.1"
DEFAULT_BASE = 7100
FREE_RANGE = range(20_000, 32_000)
"""Below the range from which systems take ports for outgoing connections, so that none slips in between."""


@dataclass(frozen=True, slots=True)
class Ports:
    """One port each, in the order in which they follow the base port."""

    gateway: int
    live: int
    sink: int
    kafka: int
    registry: int
    postgres: int
    controller: int
    supervisor: int

    @classmethod
    def from_base(cls, base: int = DEFAULT_BASE) -> "Ports":
        """The ports base, base + 1, ..."""
        return cls(*range(base, base + len(fields(cls))))

    @classmethod
    def free(cls) -> "Ports":
        """Ports nobody listens on now, chosen at random."""
        with ExitStack() as held:
            found: list[int] = []
            while len(found) < len(fields(cls)):
                port = random.choice(FREE_RANGE)
                listener = _listen(port)
                if listener is not None:
                    held.enter_context(listener)
                    found.append(port)
            return cls(*found)

    def check_free(self) -> None:
        """Raises PortTaken, naming the port, what it is for and who has it."""
        for purpose, port in asdict(self).items():
            listener = _listen(port)
            if listener is None:
                raise PortTaken(
                    f"port {port} ({purpose}) is in use{_holder(port)}: stop that program,"
                    f" or choose other ports, e.g. `sillage up --port-base {_other_base(port)}`"
                )
            listener.close()


def _other_base(port: int) -> int:
    return (port // 100 + 1) * 100


def _listen(port: int) -> socket.socket | None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        return None
    return listener


def _holder(port: int) -> str:
    """Who listens there, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return ""
