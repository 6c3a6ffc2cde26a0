"""What is where, and the first steps, once an instance is up."""

import os
import shutil
import sys

from rich.console import Console
from rich.text import Text

from ops.compilation import compiled_tree
from ops.runtime.status import Status


def show(console: Console, status: Status) -> None:
    """Print addresses, keys, and commands to copy."""
    where = status.as_object()
    console.print()
    for label, value in (
        ("gateway", f"{where['gateway']}/api/analytics"),
        ("live reads", f"{where['live']}/live/sessions/…"),
        ("database", where["database"]),
        ("kafka", where["kafka"]),
        ("registry", where["registry"]),
        ("origin", where["origin"]),
        ("publishable key", where["publishable_key"]),
        ("secret key", where["secret_key"]),
        ("data and logs", where["home"]),
        ("our hot modules", "compiled" if compiled_tree() else "run as they are (see `sillage compile`)"),
    ):
        console.print(Text.assemble((f"{label:<17}", "dim"), value), soft_wrap=True)
    for heading, command in first_steps(where, _own_name()):
        console.print(f"\n[bold]{heading}[/]")
        console.print(Text(command), soft_wrap=True)
    console.print()


def _own_name() -> str:
    """What to type for this command: its path, where the virtual environment is not active."""
    return "sillage" if shutil.which("sillage") else os.path.relpath(sys.argv[0])


def first_steps(where: dict[str, str], sillage: str) -> list[tuple[str, str]]:
    """Headings and commands: send an event, look at its session and row, send many and count."""
    event = '{"sessionId": "hello-1", "event": {"eventType": "PAGE_VIEW", "path": "/"}}'
    return [
        (
            "Send an event",
            f"curl {where['gateway']}/api/analytics -H 'Origin: {where['origin']}'"
            f" -H 'Content-Type: application/json' -d '{event}'",
        ),
        (
            "See its session, live",
            f"curl {where['live']}/live/sessions/hello-1 -H 'Authorization: Bearer {where['secret_key']}'",
        ),
        (
            "See its row in PostgreSQL",
            f'{sillage} db query "SELECT event_type, path, occurred_at FROM interaction_events'
            " WHERE session_id = 'hello-1'\"",
        ),
        ("Send a whole clickstream and check that every count agrees", f"{sillage} demo"),
    ]
