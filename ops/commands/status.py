"""`sillage status`."""

import json
import sys
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.commands.connection import HomeOption
from ops.runtime import DEVELOPMENT_HOME, Instance, Status
from ops.runtime.program import kind_of
from ops.runtime.supervision import ProcessStatus

SOMETHING_DOWN = 1
NOT_RUNNING = 3


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for other programs.")] = False,
    home: HomeOption = DEVELOPMENT_HOME,
) -> None:
    """Show what runs, and where. Exit code 0: everything runs; 1: some process is down; 3: nothing runs."""
    found = Instance(home).status()
    if as_json:
        sys.stdout.write(json.dumps(found.as_object(), indent=2) + "\n")
    else:
        _show(found)
    raise typer.Exit(exit_code(found))


def exit_code(found: Status) -> int:
    """For scripts, in the manner of an init script's `status`."""
    if not found.running:
        return NOT_RUNNING
    return 0 if found.complete else SOMETHING_DOWN


def _show(found: Status) -> None:
    console = Console()
    if not found.running:
        console.print(f"Nothing runs in {found.home.root}. Start with [bold]sillage up[/].")
        return
    where = found.as_object()
    places = {
        "kafka": where["kafka"],
        "registry": where["registry"],
        "postgres": f"127.0.0.1:{where['ports']['postgres']}",
        "gateway": where["gateway"],
        "streams": where["live"],
        "sink": where["sink"],
    }
    table = Table("process", "state", "pid", "up for", "restarts", "where")
    for name, process in found.processes.items():
        table.add_row(name, *_cells(process), places[kind_of(name)])
    console.print(table)


def _cells(process: ProcessStatus) -> tuple[str, str, str, str]:
    state = process.state.lower()
    if process.exit_code is not None:
        state = f"{state} ({process.exit_code})"
    return (
        f"[{'green' if process.running else 'red'}]{state}[/]",
        str(process.pid or ""),
        str(timedelta(seconds=process.uptime_seconds)) if process.running else "",
        str(process.restarts),
    )
