"""Which servers a command talks to: the given ones, or those of the instance on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from ops.runtime.home import DEVELOPMENT_HOME
from ops.runtime.instance import Instance

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


def bootstrap(given: str, home: Path = DEVELOPMENT_HOME) -> str:
    """Kafka's address."""
    return given or Instance(home).bootstrap


def registry_url(given: str, home: Path = DEVELOPMENT_HOME) -> str:
    """The registry's base URL."""
    return given or Instance(home).registry_url
