"""The `sillage` command, put together from the modules of `ops.commands`.

A module is imported when its command is used: `sillage status` need not wait for what a migration needs.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "up": "up",
        "down": "down",
        "status": "status",
        "logs": "processes",
        "restart": "processes",
        "demo": "demo",
        "topics": "topics",
        "schemas": "schemas",
        "keys": "keys",
        "compile": "compile",
        "db": "db",
        "audit": "audit",
    }
)
"""Module of each command, in the order of the help. It exports a group `app`, or a function of that name."""


class Commands(TyperGroup):
    """Finds a command by name, in the module that has it. Typer keeps the types of these methods private."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command's name."""
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; None if there is none of that name."""
        if cmd_name not in MODULES:
            return None
        module = import_module(f"ops.commands.{MODULES[cmd_name]}")
        part = getattr(module, "app", None)
        if part is None:
            part = typer.Typer(add_completion=False)
            part.command(cmd_name)(getattr(module, cmd_name))
        command = get_command(part)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False
)


@app.callback()
def sillage() -> None:
    """Run, provision and inspect the pipeline: browser → gateway → Kafka → live tables and PostgreSQL."""


def main() -> None:
    """Entry point of the `sillage` command."""
    app()
