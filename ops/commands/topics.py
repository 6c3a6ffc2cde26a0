"""`sillage topics`: what is declared, and making it so."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.commands import provisioning
from ops.commands.connection import BootstrapOption, HomeOption, NamespaceOption, bootstrap, security
from ops.provision import PRODUCTION, Replication, apply_topics
from ops.runtime.home import DEVELOPMENT_HOME
from schemas.topics import TOPICS, Namespace
from wire.clients import Cluster

app = typer.Typer(help="Kafka topics: one declaration, applied.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="For other programs.")]


@app.command("list")
def show(namespace: NamespaceOption = "", as_json: JsonOption = False) -> None:
    """Show the declaration: key, value, partitions, who writes, who reads. Asks no server."""
    space = Namespace(namespace)
    if as_json:
        rows = {space.topic(topic): topic.config() | {"partitions": topic.partitions} for topic in TOPICS}
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    table = Table("topic", "key", "value", "partitions", "clean-up", "written by", "read by")
    for topic in TOPICS:
        table.add_row(
            space.topic(topic),
            topic.key,
            topic.value or "engine state",
            str(topic.partitions),
            topic.cleanup.value,
            ", ".join(topic.producers),
            ", ".join(topic.consumers),
        )
    Console().print(table)


@app.command("apply")
def apply(
    kafka: BootstrapOption = "",
    namespace: NamespaceOption = "",
    production: Annotated[bool, typer.Option(help="Replication 3, min.insync.replicas 2.")] = False,
    home: HomeOption = DEVELOPMENT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Create what is missing; safe to run again. Exit code 1: a topic has other partitions than declared."""
    replication = PRODUCTION if production else Replication()
    try:
        done = apply_topics(Cluster(bootstrap(kafka, home), security()), Namespace(namespace), replication)
    except provisioning.PROBLEMS as problem:
        Console(stderr=True).print(Text(provisioning.said(problem), style="red"), soft_wrap=True)
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.write(json.dumps(done) + "\n")
        return
    table = Table("topic", "done")
    for name, what in done.items():
        table.add_row(name, f"[green]{what}[/]" if what == "created" else what)
    Console().print(table)
