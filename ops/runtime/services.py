"""Gateway, stream processor and sink: how each is told where everything is."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import httpx

from ops import compilation
from ops.runtime import registry
from ops.runtime.home import Home
from ops.runtime.ports import HOST, Ports
from ops.runtime.program import LOUD_STOP, Program, ServiceName, gateway_names
from ops.runtime.state import State
from schemas.api_keys import digest_of

MODULES: Mapping[ServiceName, str] = MappingProxyType(
    {"gateway": "ingest_gateway", "streams": "stream_processors", "sink": "sinks"}
)


def programs(home: Home, state: State, namespace: str, gateways: int = 1) -> list[Program]:
    """The three services, under the settings their settings.py read; of the gateway as many as wanted."""
    gateway = _program("gateway", home.spool, _shared(state, namespace) | _gateway(home, state))
    return [
        *(replace(gateway, name=name) for name in gateway_names(gateways)),
        _program("streams", home.streams, _shared(state, namespace) | _streams(home, state)),
        _program("sink", home.root, _shared(state, namespace) | _sink(state)),
    ]


def base_url(name: ServiceName, ports: Ports) -> str:
    """Where the service answers HTTP."""
    port = {"gateway": ports.gateway, "streams": ports.live, "sink": ports.sink}[name]
    return f"http://{HOST}:{port}"


def ready(name: ServiceName, ports: Ports) -> bool:
    """Whether the service says that it does its work."""
    try:
        return httpx.get(f"{base_url(name, ports)}/readyz", timeout=3).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _program(name: ServiceName, directory: Path, environment: Mapping[str, str]) -> Program:
    return Program(
        name=name,
        group="services",
        command=(sys.executable, "-m", MODULES[name]),
        directory=directory,
        environment=environment,
        final_exits=(0, LOUD_STOP),
    )


def _shared(state: State, namespace: str) -> dict[str, str]:
    return {
        **compilation.environment(),
        "SILLAGE_KAFKA_BOOTSTRAP": f"{HOST}:{state.ports.kafka}",
        "SILLAGE_REGISTRY_URL": registry.url(state.ports),
        "SILLAGE_NAMESPACE": namespace,
        "SILLAGE_LOG_FORMAT": "console",
        "PYTHONUNBUFFERED": "1",
    }


def _gateway(home: Home, state: State) -> dict[str, str]:
    return {
        "SILLAGE_GATEWAY_HOST": HOST,
        "SILLAGE_GATEWAY_PORT": str(state.ports.gateway),
        "SILLAGE_SPOOL_DIR": str(home.spool),
        "SILLAGE_ALLOWED_ORIGINS": ",".join(state.origins()),
        "SILLAGE_PUBLISHABLE_KEYS": digest_of(state.publishable_key),
        "SILLAGE_SECRET_KEYS": digest_of(state.secret_key),
        "SILLAGE_TOKEN_HS256_SECRETS": state.token_secret,
        # All of a development machine's visitors share one address.
        "SILLAGE_ADDRESS_RATE": "0",
    }


def _streams(home: Home, state: State) -> dict[str, str]:
    return {
        "SILLAGE_LIVE_HOST": HOST,
        "SILLAGE_LIVE_PORT": str(state.ports.live),
        "SILLAGE_SECRET_KEYS": digest_of(state.secret_key),
        "SILLAGE_INSTANCE_ID": "streams-1",
        "SILLAGE_STREAMS_DATA_DIR": str(home.streams),
    }


def _sink(state: State) -> dict[str, str]:
    return {
        "SILLAGE_INSTANCE_ID": "sink-1",
        "SILLAGE_DATABASE_URL": state.database_url(),
        "SILLAGE_SINK_HOST": HOST,
        "SILLAGE_SINK_PORT": str(state.ports.sink),
    }
