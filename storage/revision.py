"""Which revisions of the database this version knows: services ask here, without a migration tool."""

from typing import Any, Final

import psycopg

KNOWN: Final = ("0001", "0002")
"""Every revision in `migrations/versions`, oldest first (a test holds the two together)."""

EXPECTED: Final = KNOWN[-1]


def is_outdated(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Whether the database lacks migrations of this version. Raises psycopg.Error.

    A revision we do not know is a later version's: while an upgrade rolls out, that is no fault.
    """
    found = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if found is None or not found[0]:
        return True
    at = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return at is None or at[0] in KNOWN[:-1]
