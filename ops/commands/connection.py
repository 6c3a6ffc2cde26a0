"""Which servers a command talks to: the given ones, or those of the instance on this machine."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ops.runtime.home import DEVELOPMENT_HOME
from ops.runtime.instance import Instance
from wire.security import KafkaSecurity, Security

HomeOption = Annotated[Path, typer.Option(envvar="SILLAGE_HOME", help="Instance folder.")]
BootstrapOption = Annotated[
    str,
    typer.Option(envvar="SILLAGE_KAFKA_BOOTSTRAP", help="Kafka, host:port; default: the local instance's."),
]
RegistryOption = Annotated[
    str, typer.Option(envvar="SILLAGE_REGISTRY_URL", help="Schema registry; default: the local instance's.")
]
NamespaceOption = Annotated[
    str, typer.Option(envvar="SILLAGE_NAMESPACE", help="Prefix of all topic and group names.")
]


class _Environment(KafkaSecurity, BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SILLAGE_", extra="ignore", hide_input_in_errors=True)


def security() -> Security:
    """How Kafka lets us in, by the same variables as for the services. Raises typer.BadParameter."""
    try:
        return _Environment().kafka_security
    except ValidationError as error:
        raise typer.BadParameter("; ".join(item["msg"] for item in error.errors())) from None


def bootstrap(given: str, home: Path = DEVELOPMENT_HOME) -> str:
    """Kafka's address."""
    return given or Instance(home).bootstrap


def registry_url(given: str, home: Path = DEVELOPMENT_HOME) -> str:
    """The registry's base URL."""
    return given or Instance(home).registry_url
