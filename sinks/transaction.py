"""The one transaction of a flush. Its order is what makes it exact."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from sinks import statements
from sinks.batch import Contents, Move
from sinks.errors import Fenced
from sinks.record import Staged
from sinks.tables import TABLES, Keep, Table

Connection = psycopg.Connection[tuple[Any, ...]]


def prepare(connection: Connection) -> None:
    """Settings and temporary tables of a new connection; it must stay one server session (no pooler)."""
    for setting in statements.SESSION_SETTINGS:
        connection.execute(setting)
    for table in TABLES:
        connection.execute(statements.create_staging(table))


def write(connection: Connection, contents: Contents) -> Mapping[str, int]:
    """Store a flush's rows and move its offsets; returns the rows really stored, by table.

    Runs within the caller's transaction. Rows are copied first, into tables only this session sees. Then the
    offsets are moved, which waits for any other transaction on them: from there on every statement sees all
    that was stored before, and no one else stores anything of these partitions.
    Raises Fenced where an offset is not where it was left, and psycopg.Error.
    """
    for table in TABLES:
        if staged := contents.rows.get(table.name):
            _copy(connection, table, staged)
    _fence(connection, contents.moves)
    return {
        table.name: _store(connection, table, staged)
        for table in TABLES
        if (staged := contents.rows.get(table.name))
    }


def _copy(connection: Connection, table: Table, rows: Sequence[Staged]) -> None:
    with connection.cursor() as cursor, cursor.copy(statements.copy_in(table)) as copy:
        for staged in rows:
            copy.write_row(staged.row)


def _fence(connection: Connection, moves: Sequence[Move]) -> None:
    if not moves:
        return
    topics = [move.source.topic for move in moves]
    numbers = [move.source.number for move in moves]
    expected, following = [move.expected for move in moves], [move.next for move in moves]
    moved = connection.execute(statements.FENCE, (topics, numbers, expected, following)).rowcount
    if moved != len(moves):
        raise Fenced(
            f"{len(moves) - moved} of {len(moves)} partitions were taken further by another sink: this"
            " process has lost them. Nothing of its batch is stored."
        )


def _store(connection: Connection, table: Table, rows: Sequence[Staged]) -> int:
    parameters: Mapping[str, datetime] | None = None
    if table.keep is Keep.FIRST:
        (when,) = table.places("occurred_at")
        parameters = statements.horizon(staged.row[when] for staged in rows)
    # Unprepared: planned with these times at hand, so only the partitions around them are looked into.
    return connection.execute(statements.store(table), parameters, prepare=False).rowcount
