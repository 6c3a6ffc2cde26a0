"""Bring a database to the tables this version expects. The migrations themselves are in `versions/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from storage.connection import engine_for
from storage.errors import DatabaseTooNew, DatabaseUnreachable
from storage.revision import EXPECTED, KNOWN

_ONE_AT_A_TIME = 0x51_11A6E
"""Key of the advisory lock that two upgrades started at the same moment meet at."""


def upgrade(database_url: str) -> str:
    """Migrate to the newest revision, all or nothing, and return its id.

    `database_url` is a psycopg connection string. Two callers at once are safe: the second waits, then finds
    nothing to do. Raises DatabaseUnreachable or DatabaseTooNew.
    """
    try:
        with engine_for(database_url).begin() as connection:
            found = _revision(connection)
            if found is not None and found not in KNOWN:
                raise DatabaseTooNew(
                    f"the database is at revision {found}, this version goes up to {EXPECTED}: upgrade it"
                )
            if found != EXPECTED:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
                _migrate(connection)
    except OperationalError as error:
        raise DatabaseUnreachable(f"cannot reach PostgreSQL to migrate it: {error.orig}") from error
    return EXPECTED


def current(database_url: str) -> str | None:
    """The revision the database is at; None where nothing was migrated yet. Raises DatabaseUnreachable."""
    try:
        with engine_for(database_url).connect() as connection:
            return _revision(connection)
    except OperationalError as error:
        raise DatabaseUnreachable(f"cannot reach PostgreSQL: {error.orig}") from error


def alembic_config() -> Config:
    """Alembic's configuration, which needs no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _migrate(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, EXPECTED)
