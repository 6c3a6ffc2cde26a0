"""A program under supervision, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Group = Literal["kafka", "stores", "services"]
"""What is stopped together: the services first, then what stores for them, Kafka last."""

ServerName = Literal["kafka", "registry", "postgres"]
ServiceName = Literal["gateway", "streams", "sink"]

SERVERS: tuple[ServerName, ...] = ("kafka", "registry", "postgres")
SERVICES: tuple[ServiceName, ...] = ("gateway", "streams", "sink")


def gateway_names(count: int) -> list[str]:
    """Names of several gateway processes: gateway, gateway-2, ..."""
    return ["gateway", *(f"gateway-{number}" for number in range(2, count + 1))]


def kind_of(name: str) -> str:
    """What a process is: `gateway` for each of the gateways."""
    return name.partition("-")[0]


LOUD_STOP = 78
"""Exit code of a service that must not be restarted: a person has to look first (sysexits.h: EX_CONFIG)."""


@dataclass(frozen=True, slots=True)
class Program:
    """How to run one process, and how to end it."""

    name: str
    group: Group
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    stop_signal: Literal["TERM", "INT"] = "TERM"
    stop_wait_s: int = 20
    final_exits: tuple[int, ...] = (0,)
    """Exit codes after which it is left alone; any other end is answered with a restart."""
