"""The audit's own tables, all temporary: rows read from Kafka, and rows recomputed from the raw events.

Everything is set-based and stays in PostgreSQL: this process never holds more than a batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from ops.audit.errors import CannotAudit
from ops.audit.perfume_rows import CONCERNS, COUNTED_EVENTS, PERFUMES
from ops.audit.scope import Everything, Keys, Scope, SessionsNamed
from ops.audit.session_rows import SESSIONS
from ops.audit.subjects import (
    AFFINITY_ROWS,
    FEEDBACK_ROWS,
    PERFUME_ROWS,
    SESSION_ROWS,
    SUBJECTS,
    Subject,
)
from ops.audit.viewer_rows import AFFINITIES, FEEDBACK
from storage.connection import CONNECT_TIMEOUT_S
from storage.revision import EXPECTED, is_outdated

Row = tuple[Any, ...]

SETTINGS: Final = ("SET timezone = 'UTC'", "SET work_mem = '64MB'", "SET jit = off")

REFUSALS: Final = """
CREATE TEMPORARY TABLE refusals (
    kafka_partition integer, kafka_offset bigint, reason text, session_id text, occurred_at bigint,
    PRIMARY KEY (kafka_partition, kafka_offset)
);
CREATE TEMPORARY TABLE arrivals (
    kafka_partition integer, kafka_offset bigint, received_at bigint,
    PRIMARY KEY (kafka_partition, kafka_offset)
);
CREATE TEMPORARY TABLE left_out (
    kafka_partition integer, kafka_offset bigint, why text, PRIMARY KEY (kafka_partition, kafka_offset)
)
"""
"""What the session agent refused; arrivals that raw rows may lack; raw rows rightly in no figure."""

LETTERS: Final = """
CREATE TEMPORARY TABLE open_letters (
    subject text, key text, narrowed_by text, reason text, excuses text[],
    PRIMARY KEY (subject, key, reason)
)
"""
SCOPES: Final = """
CREATE TEMPORARY TABLE scoped_sessions (id text PRIMARY KEY);
CREATE TEMPORARY TABLE scoped_perfumes (id text PRIMARY KEY)
"""

SESSIONS_NAMED: Final = """
INSERT INTO scoped_sessions
SELECT session_id FROM interaction_events WHERE starts_with(session_id, %(prefix)s)
UNION SELECT session_id FROM user_sessions WHERE starts_with(session_id, %(prefix)s)
UNION SELECT session_id FROM published_sessions WHERE starts_with(session_id, %(prefix)s)
"""
THEIR_PERFUMES: Final = f"""
INSERT INTO scoped_perfumes
SELECT DISTINCT perfume_id FROM ({CONCERNS}) AS concern
WHERE session_id IN (SELECT id FROM scoped_sessions)
"""


class Workspace:
    """One database session with the audit's tables. `narrow`, then `recompute`, then compare."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self.connection = connection
        self._scope: Scope = Everything()
        for statement in (*SETTINGS, REFUSALS, LETTERS, SCOPES, COUNTED_EVENTS):
            self.run(statement)
        for subject in SUBJECTS:
            published = {"generation": "integer"} | subject.columns
            self._create(f"published_{subject.name}", published, subject.key)
            self._create(f"expected_{subject.name}", subject.columns | subject.recomputed, subject.key)

    def run(self, statement: str, parameters: Any = None) -> psycopg.Cursor[Row]:
        """Execute SQL. Raises psycopg.Error."""
        return self.connection.execute(statement.encode(), parameters)

    def insert(self, statement: str, rows: Iterable[Row]) -> None:
        """Execute an INSERT for each of the rows."""
        with self.connection.cursor() as cursor:
            cursor.executemany(statement.encode(), rows)

    def copy(self, table: str, rows: Sequence[Row]) -> None:
        """COPY rows into one of our tables, in the order of its columns."""
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Everything within sees PostgreSQL's tables as of one moment."""
        with self.connection.transaction():
            self.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield

    def narrow(self, scope: Scope) -> None:
        """Look at these rows only, from now on."""
        self._scope = scope
        self.run("TRUNCATE scoped_sessions, scoped_perfumes")
        match scope:
            case Keys(sessions, perfumes):
                self.run("INSERT INTO scoped_sessions SELECT unnest(%s::text[])", (list(sessions),))
                self.run("INSERT INTO scoped_perfumes SELECT unnest(%s::text[])", (list(perfumes),))
            case SessionsNamed(prefix):
                self.run(SESSIONS_NAMED, {"prefix": prefix})
                self.run(THEIR_PERFUMES)
            case Everything():
                return
        self.run("ANALYZE scoped_sessions, scoped_perfumes")

    def within_scope(self, subject: Subject, column: str = "") -> str:
        """SQL: whether a row of the subject is to be looked at. `column`: where its narrowing id is."""
        if isinstance(self._scope, Everything):
            return "true"
        scope = "scoped_sessions" if subject is SESSION_ROWS else "scoped_perfumes"
        return f"{column or subject.narrowed_by} IN (SELECT id FROM {scope})"

    def recompute(self) -> None:
        """Work out every row within the scope from the raw events."""
        self.run("DROP TABLE IF EXISTS concerns")
        self._fill(SESSION_ROWS, SESSIONS.format(scope=self.within_scope(SESSION_ROWS)))
        self.run(
            f"CREATE TEMPORARY TABLE concerns AS SELECT * FROM ({CONCERNS}) AS concern"
            f" WHERE {self.within_scope(PERFUME_ROWS)}"
        )
        self.run("ANALYZE concerns")
        self._fill(AFFINITY_ROWS, AFFINITIES)
        self._fill(FEEDBACK_ROWS, FEEDBACK)
        self._fill(PERFUME_ROWS, PERFUMES)

    def _fill(self, subject: Subject, query: str) -> None:
        columns = ", ".join(name for name in subject.columns | subject.recomputed)
        self.run(f"TRUNCATE expected_{subject.name}")
        self.run(f"INSERT INTO expected_{subject.name} ({columns}) SELECT {columns} FROM ({query}) AS row")
        self.run(f"ANALYZE expected_{subject.name}")

    def _create(self, table: str, columns: dict[str, str], key: tuple[str, ...]) -> None:
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self.run(f"CREATE TEMPORARY TABLE {table} ({listed}, PRIMARY KEY ({', '.join(key)}))")


@contextmanager
def workspace(database_url: str) -> Iterator[Workspace]:
    """A workspace in the database, gone at the end.

    Needs a primary server and the right to make temporary tables. Raises CannotAudit.
    """
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            if is_outdated(connection):
                raise CannotAudit(
                    f"the database is not at revision {EXPECTED} of this version: run `sillage db upgrade`"
                )
            yield Workspace(connection)
    except psycopg.Error as error:
        raise CannotAudit(f"PostgreSQL: {error}") from error
