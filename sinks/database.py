"""The sink's PostgreSQL: one connection, opened when needed, dropped on any doubt."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg

from sinks import statements, transaction
from sinks.batch import Contents
from sinks.bisection import refused
from sinks.errors import LoudStop, RowRefused, SinkError, Unavailable
from sinks.event_days import DaysWithPartitions
from sinks.record import Partition, Staged
from sinks.transaction import Connection
from storage import revision

CONNECT_TIMEOUT_S: Final = 5

_ROW_AT_FAULT: Final = ("22", "23", "54")
"""SQLSTATE classes data exception, constraint violation, program limit (a key too long for its index)."""

_SCHEMA_AT_FAULT: Final = ("42", "3F")
"""SQLSTATE classes undefined or forbidden object, missing schema."""


class Database:
    """Stores flushes, and knows how far each partition is stored."""

    def __init__(self, url: str) -> None:
        """`url` is a psycopg connection string; nothing is opened yet."""
        self._url = url
        self._connection: Connection | None = None
        self._days = DaysWithPartitions()

    def offsets(self, oldest: Mapping[Partition, int]) -> dict[Partition, int]:
        """The next offset to read of each partition in `oldest`; one never read begins at its value there.

        Raises Unavailable, or LoudStop where the tables are not those this version expects.
        """
        topics = [source.topic for source in oldest]
        numbers = [source.number for source in oldest]
        with self._transaction() as connection:
            connection.execute(statements.OFFSETS_INIT, (topics, numbers, list(oldest.values())))
            rows = connection.execute(statements.OFFSETS_READ, (topics, numbers)).fetchall()
        return {Partition(topic, number): offset for topic, number, offset in rows}

    def store(self, contents: Contents) -> Mapping[str, int]:
        """Store a flush, all or nothing; returns how many rows went in, by table.

        Raises RowRefused, Unavailable, Fenced or LoudStop.
        """
        self._days.ensure(contents, self._transaction)
        with self._transaction() as connection:
            return transaction.write(connection, contents)

    def find_refused(self, contents: Contents) -> list[tuple[Staged, str]]:
        """The rows of a refused flush that are to blame, with PostgreSQL's words. Stores nothing."""

        def refusal(part: Sequence[Staged]) -> str | None:
            try:
                with self._transaction(keep=False) as connection:
                    transaction.write(connection, contents.only(part))
            except RowRefused as error:
                return str(error)
            return None

        return refused(contents.staged(), refusal)

    def close(self) -> None:
        """Drop the connection; an open transaction is rolled back by the server."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, keep: bool = True) -> Iterator[Connection]:
        try:
            connection = self._open()
            with connection.transaction(force_rollback=not keep):
                yield connection
        except psycopg.Error as error:
            raise verdict(error) from error

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._days.forget()
            connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, application_name="sillage-sink"
            )
            try:
                _check_tables(connection)
                transaction.prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def verdict(error: psycopg.Error) -> SinkError:
    """What a driver's error means for the sink."""
    text = " ".join(str(error).split())
    state = error.sqlstate or ""
    if isinstance(error, psycopg.errors.UniqueViolation):
        # Only a writer outside the fence (another partition, a person) can have been there in between.
        return Unavailable(f"PostgreSQL found a row stored at the same moment: {text}")
    if state.startswith(_ROW_AT_FAULT) or (not state and isinstance(error, psycopg.DataError)):
        return RowRefused(text)
    if state.startswith(_SCHEMA_AT_FAULT):
        return LoudStop(
            f"PostgreSQL's tables are not those of this version: {text}. Run `sillage db upgrade`."
        )
    return Unavailable(f"PostgreSQL: {text}")


def _check_tables(connection: Connection) -> None:
    if revision.is_outdated(connection):
        raise LoudStop(f"the database lacks migrations up to {revision.EXPECTED}: run `sillage db upgrade`")
