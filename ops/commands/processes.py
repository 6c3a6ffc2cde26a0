"""`sillage logs` and `sillage restart`: single processes of the running instance."""

import re
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console

from ops.commands.connection import HomeOption
from ops.runtime import DEVELOPMENT_HOME, Instance, RuntimeProblem
from ops.runtime.follow import Follower
from ops.runtime.program import SERVERS, SERVICES

_ANOTHER_GATEWAY = re.compile(r"gateway-[0-9]+")


def _process(name: str) -> str:
    known = (*SERVERS, *SERVICES)
    if name not in known and not _ANOTHER_GATEWAY.fullmatch(name):
        raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}")
    return name


def logs(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Which processes; default: all.", parser=_process, metavar="NAME"),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing what is added.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many earlier lines of each.")] = 20,
    home: HomeOption = DEVELOPMENT_HOME,
) -> None:
    """Show the logs of the processes; they are there after a stop too."""
    instance = Instance(home)
    follower = Follower(instance.home, Console(), names or (), last=lines)
    follower.show_new()
    if follow and instance.running():
        with suppress(KeyboardInterrupt):
            follower.follow(instance)


def restart(
    name: Annotated[str, typer.Argument(help="Which process.", parser=_process, metavar="NAME")],
    home: HomeOption = DEVELOPMENT_HOME,
) -> None:
    """Stop one process and start it again; returns when it is ready. Exit code 1 if it does not get ready."""
    console = Console()
    try:
        with console.status(f"restarting {name}"):
            Instance(home).restart(name)
    except RuntimeProblem as problem:
        console.print(f"[red]{problem}[/]. See `sillage logs {name}`.")
        raise typer.Exit(1) from None
    console.print(f"{name} is ready again.")
