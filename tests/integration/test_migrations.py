"""The migrations, on a real PostgreSQL."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from storage import migrations, revision
from storage.connection import engine_for
from storage.errors import DatabaseTooNew, DatabaseUnreachable
from storage.models import Base, is_event_partition
from tests.stack import Stack

pytestmark = pytest.mark.integration

EVENT = """
INSERT INTO interaction_events (session_id, event_id, occurred_at, event_type, event_category, time_source,
    received_at, path, device_type, browser, os, is_bot, bot_suspect, source, truncated, gateway_boot,
    receipt, kafka_partition, kafka_offset)
VALUES (%s, gen_random_uuid(), %s, 'PAGE_VIEW', 'VIEW', 'client', now(), '/', 'desktop', 'Firefox', 'Linux',
    false, false, 'browser', '{}', 'boot', 1, 0, 0)
"""


@pytest.fixture(scope="module")
def session(database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def test_models_and_migrations_agree(database: str) -> None:
    def modelled(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name is None or not is_event_partition(name)

    options = {"compare_type": True, "include_name": modelled}
    with engine_for(database).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []


def test_index_conditions_are_those_of_the_models(session: psycopg.Connection[tuple[Any, ...]]) -> None:
    # Alembic does not compare them.
    partial = session.execute(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'interaction_events' AND indexdef LIKE '%WHERE%'"
    ).fetchall()
    modelled = {
        index.name
        for index in Base.metadata.tables["interaction_events"].indexes
        if index.dialect_options["postgresql"]["where"] is not None
    }
    assert {name for (name,) in partial} == modelled


def migrate_to(target: str, url: str) -> None:
    """Up or down to a revision."""
    config = migrations.alembic_config()
    with engine_for(url).begin() as connection:
        config.attributes["connection"] = connection
        step = command.upgrade if migrations.current(url) is None else command.downgrade
        step(config, target)


def offsets(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute("SELECT topic, next_offset FROM sink_offsets").fetchall())


@pytest.mark.parametrize("earlier", revision.KNOWN[:-1])
def test_a_database_of_an_earlier_version_is_upgraded_with_its_rows(stack: Stack, earlier: str) -> None:
    with stack.database(f"migrated_from_{earlier}") as url:
        migrate_to(earlier, url)
        with psycopg.connect(url) as connection:
            assert revision.is_outdated(connection)
            connection.execute(EVENT, ("kept", datetime.now(UTC)))
            connection.execute("INSERT INTO sink_offsets VALUES ('interactions', 0, 5)")
        assert migrations.upgrade(url) == revision.EXPECTED
        with psycopg.connect(url) as connection:
            assert not revision.is_outdated(connection)
            found = connection.execute("SELECT session_id FROM interaction_events").fetchall()
        assert found == [("kept",)]
        assert offsets(url) == {"interactions": 5}


def test_tables_that_were_dropped_and_made_again_are_filled_from_the_beginning(stack: Stack) -> None:
    public = ["perfume-stats", "v2.affinities", "t1.recommendation-feedback"]
    with stack.database("migrated_down_and_up") as url:
        migrations.upgrade(url)
        with psycopg.connect(url) as connection:
            for topic in (*public, "interactions", "t1.sessions"):
                connection.execute("INSERT INTO sink_offsets VALUES (%s, 0, 5)", (topic,))
        migrate_to("0001", url)
        assert offsets(url) == {"interactions": 5, "t1.sessions": 5}
        migrations.upgrade(url)
        assert offsets(url) == {"interactions": 5, "t1.sessions": 5}


def test_two_upgrades_at_the_same_moment_make_one(stack: Stack) -> None:
    with stack.database("migrated_by_two") as url:
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(migrations.upgrade(url))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [revision.EXPECTED] * 4
        assert migrations.current(url) == revision.EXPECTED


def test_a_database_that_was_never_migrated_says_so(stack: Stack) -> None:
    with stack.database("never_migrated") as url:
        assert migrations.current(url) is None
        with psycopg.connect(url) as connection:
            assert revision.is_outdated(connection)


def test_a_later_version_of_the_tables_does_not_stop_an_older_service(stack: Stack) -> None:
    with stack.database("migrated_later") as url:
        migrations.upgrade(url)
        with psycopg.connect(url) as connection:
            assert not revision.is_outdated(connection)
            connection.execute("UPDATE alembic_version SET version_num = 'of next year'")
            assert not revision.is_outdated(connection)
        with pytest.raises(DatabaseTooNew, match="of next year"):
            migrations.upgrade(url)


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot reach PostgreSQL"):
        migrations.upgrade("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")


def test_days_around_now_have_their_partitions(session: psycopg.Connection[tuple[Any, ...]]) -> None:
    today = datetime.now(UTC)
    for days in (-3, 0, 1):
        session.execute(EVENT, ("around-now", today + timedelta(days=days)))
    stored = session.execute(
        "SELECT tableoid::regclass::text FROM interaction_events WHERE session_id = 'around-now'"
    ).fetchall()
    expected = {f"interaction_events_{today + timedelta(days=days):%Y%m%d}" for days in (-3, 0, 1)}
    assert {name for (name,) in stored} == expected


def test_rows_in_the_default_partition_move_when_their_day_gets_its_own(
    session: psycopg.Connection[tuple[Any, ...]],
) -> None:
    day = datetime(2020, 2, 29, tzinfo=UTC)
    last_moment = day + timedelta(days=1, microseconds=-1)
    for moment in (day, last_moment, day + timedelta(days=1)):
        session.execute(EVENT, ("moving", moment))
    for made in (1, 0):
        found = session.execute("SELECT ensure_event_partitions(%s, %s)", (day.date(), day.date())).fetchone()
        assert found == (made,)
    stored = session.execute(
        "SELECT occurred_at, tableoid::regclass::text FROM interaction_events"
        " WHERE session_id = 'moving' ORDER BY 1"
    ).fetchall()
    assert stored == [
        (day, "interaction_events_20200229"),
        (last_moment, "interaction_events_20200229"),
        (day + timedelta(days=1), "interaction_events_default"),
    ]
