"""`sillage db`: migrate PostgreSQL, and look into it."""

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ops.commands.connection import HomeOption
from ops.runtime import DEVELOPMENT_HOME, Instance, RuntimeProblem
from storage import migrations
from storage.connection import CONNECT_TIMEOUT_S
from storage.errors import StorageError
from storage.revision import EXPECTED

app = typer.Typer(help="Migrate PostgreSQL, and look into it.", no_args_is_help=True)

Result = TypeVar("Result")
Cell = None | bool | int | float | str | list[Any] | dict[str, Any]

FAILED = 1

DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database-url", envvar="SILLAGE_DATABASE_URL", help="PostgreSQL; default: the local instance's."
    ),
]


@app.command()
def upgrade(database_url: DatabaseOption = "", home: HomeOption = DEVELOPMENT_HOME) -> None:
    """Bring the tables to this version. Safe to run again, and by two at once."""
    revision = _or_fail(lambda: migrations.upgrade(_url(database_url, home)))
    Console().print(f"The database is at revision [bold]{revision}[/].")


@app.command()
def current(database_url: DatabaseOption = "", home: HomeOption = DEVELOPMENT_HOME) -> None:
    """Show the revision the database is at. Exit code 1 where it is not the one of this version."""
    found = _or_fail(lambda: migrations.current(_url(database_url, home)))
    Console().print(f"database: [bold]{found or 'never migrated'}[/]; this version expects {EXPECTED}")
    if found != EXPECTED:
        raise typer.Exit(FAILED)


@app.command()
def query(
    statement: Annotated[str, typer.Argument(help="One SQL statement, in quotes.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array of objects.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Let the statement change data.")] = False,
    database_url: DatabaseOption = "",
    home: HomeOption = DEVELOPMENT_HOME,
) -> None:
    """Run one SQL statement and show its rows. Read-only, unless told otherwise.

    Example: sillage db query "SELECT event_type, count(*) FROM interaction_events GROUP BY 1"
    """
    columns, rows = _or_fail(lambda: _run(_url(database_url, home), statement, write))
    if as_json:
        objects = [dict(zip(columns, map(plain, row), strict=True)) for row in rows]
        sys.stdout.write(json.dumps(objects) + "\n")
    else:
        _show(columns, rows)


def plain(cell: object) -> Cell:
    """A database value as JSON has it: times in ISO 8601, numerics as text where a float would round them."""
    match cell:
        case None | bool() | int() | float() | str() | list() | dict():
            return cell
        case datetime() | date():
            return cell.isoformat()
        case Decimal():
            return int(cell) if cell == cell.to_integral_value() else str(cell)
        case _:
            return str(cell)


def _run(url: str, statement: str, write: bool) -> tuple[list[str], list[tuple[Any, ...]]]:
    with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        connection.read_only = not write
        cursor = connection.execute(statement.encode())
        if cursor.description is None:
            return ["result"], [(cursor.statusmessage,)]
        return [column.name for column in cursor.description], cursor.fetchall()


def _show(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    table = Table(*map(escape, columns))
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(plain(cell))) for cell in row))
    console = Console()
    console.print(table)
    console.print(f"[dim]{len(rows)} row{'' if len(rows) == 1 else 's'}[/]")


def _url(given: str, home: HomeOption) -> str:
    return given or Instance(home).database_url


def _or_fail(action: Callable[[], Result]) -> Result:
    try:
        return action()
    except (psycopg.Error, StorageError, RuntimeProblem) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(FAILED) from None
