"""The SQL of a flush, built from the tables' declarations."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from psycopg import sql

from schemas.limits import LATE_HORIZON_MS, LATEST_TIME_MS
from sinks.tables import Keep, Table

SESSION_SETTINGS: Final = (
    # A process frozen within a transaction must not hold its successor up for longer than this.
    "SET idle_in_transaction_session_timeout = '10s'",
    "SET lock_timeout = '15s'",
    "SET statement_timeout = '60s'",
    "SET timezone = 'UTC'",
    # Is this key there already? Asked by index, whatever statistics say of a table that was empty just now.
    "SET enable_seqscan = off",
    "SET enable_bitmapscan = off",
    "SET jit = off",
)

OFFSETS_INIT: Final = """
INSERT INTO sink_offsets (topic, partition, next_offset)
SELECT * FROM unnest(%s::text[], %s::int[], %s::bigint[]) ORDER BY 1, 2
ON CONFLICT DO NOTHING
"""

# FOR UPDATE: whoever had these partitions before may be in the middle of its last commit.
OFFSETS_READ: Final = """
SELECT o.topic, o.partition, o.next_offset
FROM sink_offsets o JOIN unnest(%s::text[], %s::int[]) AS mine (topic, partition) USING (topic, partition)
ORDER BY o.topic, o.partition FOR UPDATE OF o
"""

FENCE: Final = """
UPDATE sink_offsets AS o SET next_offset = m.next
FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[]) AS m (topic, partition, expected, next)
WHERE o.topic = m.topic AND o.partition = m.partition AND o.next_offset = m.expected
"""

_TIME: Final = "timestamptz"


def staging(table: Table) -> sql.Identifier:
    """The temporary table rows are copied to first."""
    return sql.Identifier(f"staged_{table.name}")


def create_staging(table: Table) -> sql.Composed:
    """Times are staged as the epoch milliseconds they come as."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL("bigint" if kind == _TIME else kind))
        for name, kind in table.columns.items()
    )
    return sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DELETE ROWS").format(staging(table), columns)


def copy_in(table: Table) -> sql.Composed:
    """COPY in the order of the table's columns."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(staging(table), _names(table))


def store(table: Table) -> sql.Composed:
    """Staged rows into the table, in one statement whose row count is what really went in."""
    return _append(table) if table.keep is Keep.FIRST else _upsert(table)


def _append(table: Table) -> sql.Composed:
    """Rows whose key is not there yet.

    A retried request may have got another corrected time, so the key is looked for at any time that the
    first attempt could have had, and a unique key that holds the time would not do. A subquery with LIMIT
    rather than an anti-join: the planner cannot turn it into a scan of the days, which is quadratic.
    """
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM {staging} s"
        " WHERE (SELECT true FROM {table} t WHERE {same}"
        " AND t.occurred_at BETWEEN %(oldest)s AND %(newest)s LIMIT 1) IS NULL"
    ).format(
        table=sql.Identifier(table.name),
        names=_names(table),
        values=_values(table),
        staging=staging(table),
        same=sql.SQL(" AND ").join(
            sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in table.key
        ),
    )


def _upsert(table: Table) -> sql.Composed:
    """Rows that are new, or newer than what is there; sorted, so that two writers cannot deadlock."""
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    return sql.SQL(
        "INSERT INTO {table} AS t ({names}) SELECT {values} FROM {staging} s ORDER BY {key}"
        " ON CONFLICT ({key}) DO UPDATE SET {changes}"
        " WHERE (excluded.generation, excluded.revision) > (t.generation, t.revision)"
    ).format(
        table=sql.Identifier(table.name),
        names=_names(table),
        values=_values(table),
        staging=staging(table),
        key=key,
        changes=sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
            for name in table.columns
            if name not in table.key
        ),
    )


def horizon(times_ms: Iterable[int]) -> dict[str, datetime]:
    """Parameters of the look for earlier copies: the live horizon around the batch's own times (epoch ms)."""
    times = list(times_ms)
    oldest = max(0, min(times) - LATE_HORIZON_MS)
    newest = min(LATEST_TIME_MS, max(times) + LATE_HORIZON_MS)
    return {
        "oldest": datetime.fromtimestamp(oldest / 1000, UTC),
        "newest": datetime.fromtimestamp(newest / 1000, UTC),
    }


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, table.columns))


def _values(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(
        _time(sql.SQL("s.{}").format(sql.Identifier(name)))
        if kind == _TIME
        else sql.SQL("s.{}").format(sql.Identifier(name))
        for name, kind in table.columns.items()
    )


def _time(milliseconds: sql.Composable) -> sql.Composed:
    return sql.SQL("timestamptz 'epoch' + {} * interval '1 millisecond'").format(milliseconds)
