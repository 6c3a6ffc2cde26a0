"""SQLAlchemy on psycopg 3, from the same connection strings psycopg takes."""

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

CONNECT_TIMEOUT_S = 10


def engine_for(database_url: str) -> Engine:
    """An engine without a pool: migrations and reports connect seldom.

    `database_url` is whatever psycopg takes (`postgresql://...` or `host=... dbname=...`), so SQLAlchemy is
    given a function that connects rather than a URL of its own kind.
    """
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_S),
        poolclass=NullPool,
    )
