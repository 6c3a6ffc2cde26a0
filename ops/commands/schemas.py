"""`sillage schemas`: the Avro schemas in the registry."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.commands import provisioning
from ops.commands.connection import HomeOption, NamespaceOption, RegistryOption, registry_url
from ops.provision import apply_schemas
from ops.runtime.home import DEVELOPMENT_HOME
from schemas.topics import Namespace

app = typer.Typer(help="Avro schemas, registered under FULL_TRANSITIVE.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `apply` a command of its own, whatever else joins it."""


@app.command("apply")
def apply(
    registry: RegistryOption = "",
    namespace: NamespaceOption = "",
    home: HomeOption = DEVELOPMENT_HOME,
    as_json: Annotated[bool, typer.Option("--json", help="For other programs.")] = False,
) -> None:
    """Register every topic's schema. Exit code 1 where one would break readers of an earlier version."""
    try:
        ids = apply_schemas(registry_url(registry, home), Namespace(namespace))
    except provisioning.PROBLEMS as problem:
        Console(stderr=True).print(Text(provisioning.said(problem), style="red"), soft_wrap=True)
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.write(json.dumps(ids) + "\n")
        return
    table = Table("subject", "schema id")
    for subject, schema_id in ids.items():
        table.add_row(subject, str(schema_id))
    Console().print(table)
