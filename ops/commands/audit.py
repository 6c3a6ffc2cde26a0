"""`sillage audit`: recompute every row from the raw events, and compare."""

import json
import sys
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.audit.auditor import Servers
from ops.audit.auditor import audit as run_audit
from ops.audit.errors import CannotAudit
from ops.audit.result import Finding, Result
from ops.audit.scope import Everything, Keys, Scope, SessionsNamed
from ops.commands.connection import (
    BootstrapOption,
    HomeOption,
    NamespaceOption,
    RegistryOption,
    bootstrap,
    registry_url,
    security,
)
from ops.runtime.errors import RuntimeProblem
from ops.runtime.home import DEVELOPMENT_HOME
from ops.runtime.instance import Instance

DIFFERENCES = 1
PIPED_WIDTH = 160
COULD_NOT_CHECK = 2
SHOWN: Final = 50

PrefixOption = Annotated[
    str, typer.Option(help="Only sessions whose id begins so, and rows of the perfumes they concern.")
]
KeysOption = Annotated[
    str, typer.Option(help="Only these session and perfume ids, comma separated, with all their rows.")
]
WaitOption = Annotated[
    float, typer.Option(min=0, help="Seconds to look again while events are under way; 0: one look.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The result as one JSON object.")]
DatabaseOption = Annotated[
    str, typer.Option(envvar="SILLAGE_DATABASE_URL", help="PostgreSQL; default: the local instance's.")
]


def audit(
    session_prefix: PrefixOption = "",
    keys: KeysOption = "",
    wait: WaitOption = 60.0,
    as_json: JsonOption = False,
    kafka: BootstrapOption = "",
    registry: RegistryOption = "",
    database: DatabaseOption = "",
    namespace: NamespaceOption = "",
    home: HomeOption = DEVELOPMENT_HOME,
) -> None:
    """Recompute every row from the raw events; compare with what is published and what is stored.

    Exit code 0: everything agrees; 1: differences; 2: it could not be checked.
    """
    # In a file or a pipe there is no edge to fold at: a key stays in one piece.
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    try:
        servers = Servers(
            bootstrap(kafka, home),
            registry_url(registry, home),
            database or Instance(home).database_url,
            namespace,
            security(),
        )
        with console.status("connecting") as status:
            result = run_audit(servers, _scope(session_prefix, keys), wait, status.update)
    except (CannotAudit, RuntimeProblem) as problem:
        Console(stderr=True).print(Text(f"Could not check. {problem}", style="red"), soft_wrap=True)
        raise typer.Exit(COULD_NOT_CHECK) from None
    if as_json:
        sys.stdout.write(json.dumps(result.as_object()) + "\n")
    else:
        _show(console, result)
    raise typer.Exit(DIFFERENCES if result.differing else 0)


def _scope(session_prefix: str, keys: str) -> Scope:
    if session_prefix and keys:
        raise typer.BadParameter("give --session-prefix or --keys, not both")
    if session_prefix:
        return SessionsNamed(session_prefix)
    ids = frozenset(key.strip() for key in keys.split(",") if key.strip())
    return Keys(ids, ids) if ids else Everything()


def _show(console: Console, result: Result) -> None:
    found = result.as_object()
    cut = result.cut
    console.print(
        f"As of {cut.moment}: {cut.raw_rows:,} raw rows, of these {cut.bots:,} of bots and {cut.refused:,}"
        f" left out as dead-lettered; {cut.not_stored_yet:,} more in Kafka not stored yet.",
        highlight=False,
    )
    table = Table("rows", "checked", "differ in the topic", "differ in PostgreSQL", "excused")
    for name, counts in found["subjects"].items():
        table.add_row(name, *(_count(counts, column) for column in counts))
    console.print(table)
    differences = [finding for finding in result.findings if not finding.reasons]
    excused = [finding for finding in result.findings if finding.reasons]
    _list(console, "Differences", differences)
    _list(console, "Excused by open dead letters", excused)
    _list_open(console, result)
    if result.unfounded:
        told = ", ".join(f"{reason} {number:,}" for reason, number in result.unfounded.items())
        console.print(f"[red]Refused, but by the raw events they count: {told}.[/]", highlight=False)
    if result.letters:
        told = ", ".join(f"{reason} {number:,}" for reason, number in sorted(result.letters.items()))
        console.print(f"Open dead letters: {told}.", highlight=False)
    if result.differing == 0:
        console.print("[green]0 differences.[/]")
    else:
        what = "row differs" if result.differing == 1 else "rows differ"
        console.print(f"[red]{result.differing:,} {what}.[/]", highlight=False)


def _count(counts: dict[str, int], column: str) -> str:
    number = f"{counts[column]:,}"
    return f"[red]{number}[/]" if counts[column] and column.startswith("differences") else number


def _list(console: Console, title: str, findings: list[Finding]) -> None:
    if not findings:
        return
    table = Table(
        "rows", "where", "key", "figure", "expected", "found", "why", title=title, title_justify="left"
    )
    for found in findings[:SHOWN]:
        table.add_row(
            found.subject,
            found.place.value,
            *map(_cell, (found.key, found.field, found.expected, found.found, ", ".join(found.reasons))),
        )
    console.print(table)
    if len(findings) > SHOWN:
        console.print(f"… and {len(findings) - SHOWN:,} more; all of them with --json.", highlight=False)


def _list_open(console: Console, result: Result) -> None:
    if not result.open_rows:
        return
    table = Table("rows", "key", "why", title="Rows that open dead letters concern", title_justify="left")
    for row in result.open_rows[:SHOWN]:
        table.add_row(row.subject, _cell(row.key), _cell(", ".join(row.reasons)))
    console.print(table)
    if result.open_count > SHOWN:
        console.print(f"… and {result.open_count - SHOWN:,} more.", highlight=False)


def _cell(value: Any) -> Text:
    text = value if isinstance(value, str) else json.dumps(value)
    return Text(text if len(text) <= 120 else f"{text[:119]}…", overflow="fold")
