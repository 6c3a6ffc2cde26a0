"""No event is lost and none is stored twice, whatever happens to the sink, its peers or its database."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schemas.topics import INTERACTIONS
from sinks.batch import Contents, Move
from sinks.database import Database
from sinks.errors import EXIT_LOUD_STOP, EXIT_RESTART, Fenced
from sinks.record import Partition
from storage import migrations, revision
from tests.integration.sink_rig import (
    Rows,
    Sink,
    Topics,
    eventually,
    free_port,
    identities,
    interaction,
)
from tests.stack import Stack

pytestmark = pytest.mark.integration


class Fleet:
    """Sinks of one group; what a test leaves running is killed."""

    def __init__(self, stack: Stack, namespace: str, database: str, folder: Path) -> None:
        self._of = (stack, namespace, database)
        self._folder = folder
        self._sinks: list[Sink] = []

    def sink(self, instance_id: str = "", **extra: str) -> Sink:
        log = self._folder / f"sink-{len(self._sinks)}.log"
        identity = {"SILLAGE_INSTANCE_ID": instance_id} if instance_id else {}
        sink = Sink(*self._of, log, free_port(), identity | extra)
        self._sinks.append(sink)
        return sink

    def kill_all(self) -> None:
        for sink in self._sinks:
            if sink.process is not None and sink.process.poll() is None:
                sink.kill()


@pytest.fixture
def fleet(stack: Stack, namespace: str, database: str, tmp_path: Path) -> Iterator[Fleet]:
    sinks = Fleet(stack, namespace, database, tmp_path)
    yield sinks
    sinks.kill_all()


class Stream:
    """Events sent steadily in the background while a test does its mischief."""

    def __init__(self, topics: Topics, prefix: str) -> None:
        self._topics = topics
        self._prefix = prefix
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.events: list[Mapping[str, Any]] = []

    def __enter__(self) -> "Stream":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stopping.wait(0.01):
            number = len(self.events)
            fresh = [interaction(f"{self._prefix}{(number + more) % 40}") for more in range(20)]
            # Every hundredth event comes again, as a client's retry would bring it.
            again = [dict(event, occurred_at=event["occurred_at"] + 9) for event in self.events[-100::100]]
            self._topics.send(INTERACTIONS, *fresh, *again)
            self.events += fresh


def all_stored(rows: Rows, prefix: str, stream: Stream, log: str = "") -> None:
    """Every event sent is there, and nothing twice."""
    expected = identities(stream.events)
    eventually(lambda: rows.events(prefix) >= len(expected), f"all of {prefix} is stored {log}")
    assert rows.identities(prefix) == expected


def goes_on(rows: Rows, prefix: str) -> None:
    """More is stored than was."""
    before = rows.events(prefix)
    eventually(lambda: rows.events(prefix) > before, f"more of {prefix} is stored")


def test_kill_9_in_the_middle_of_anything(topics: Topics, rows: Rows, fleet: Fleet) -> None:
    with Stream(topics, "kill-") as stream:
        for round_number in range(6):
            sink = fleet.sink("the-same", SILLAGE_SINK_LINGER_MS="20").start()
            goes_on(rows, "kill-")
            time.sleep(0.1 * round_number)
            sink.kill()
    fleet.sink("the-same").start()
    all_stored(rows, "kill-", stream)


def test_partitions_move_between_sinks(topics: Topics, rows: Rows, fleet: Fleet) -> None:
    first = fleet.sink().start().wait_ready()
    with Stream(topics, "move-") as stream:
        second = fleet.sink().start().wait_ready()
        third = fleet.sink().start().wait_ready()
        eventually(lambda: rows.events("move-") > 500, "they store together")
        assert first.stop() == 0
        assert third.stop() == 0
    all_stored(rows, "move-", stream, second.log.read_text()[-3000:])
    assert second.stop() == 0


def test_a_frozen_sink_that_wakes_up_stores_nothing_twice(topics: Topics, rows: Rows, fleet: Fleet) -> None:
    zombie = fleet.sink().start().wait_ready()
    with Stream(topics, "zombie-") as stream:
        eventually(lambda: rows.events("zombie-") > 200, "the first one stores")
        zombie.signal(signal.SIGSTOP)
        frozen_at = rows.events("zombie-")
        successor = fleet.sink().start()
        eventually(lambda: rows.events("zombie-") > frozen_at + 200, "the successor goes on")
        zombie.signal(signal.SIGCONT)
        eventually(
            lambda: zombie.running.poll() == EXIT_RESTART or zombie.is_ready(),
            "the zombie has left or joined again",
        )
    all_stored(rows, "zombie-", stream, successor.log.read_text()[-3000:])


def test_the_database_goes_away_and_comes_back(
    stack: Stack, database: str, topics: Topics, rows: Rows, fleet: Fleet
) -> None:
    name = database.rsplit("/", 1)[1].split("?", maxsplit=1)[0]
    sink = fleet.sink().start().wait_ready()
    with Stream(topics, "away-") as stream, psycopg.connect(stack.admin_url, autocommit=True) as admin:
        eventually(lambda: rows.events("away-") > 100, "it stores")
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name = 'sillage-sink'",
            (name,),
        )
        eventually(lambda: "PostgreSQL" in sink.why_not_ready(), "it says that it cannot store")
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        eventually(sink.is_ready, "it goes on by itself")
    all_stored(rows, "away-", stream)
    assert sink.stop() == 0


def test_sigterm_stores_what_was_read_and_ends_with_0(topics: Topics, rows: Rows, fleet: Fleet) -> None:
    events = [interaction(f"term-{number}") for number in range(100)]
    topics.send(INTERACTIONS, *events)

    def one_that_is_told_to_end_stores_some() -> bool:
        sink = fleet.sink(SILLAGE_SINK_LINGER_MS="4000").start().wait_ready()
        time.sleep(0.7)  # where it reads nothing in this time, the next one may
        assert sink.stop() == 0
        return rows.events("term-") > 0

    eventually(one_that_is_told_to_end_stores_some, "what was read is stored before it is due")
    fleet.sink().start()
    eventually(lambda: rows.events("term-") >= len(events), "the others follow")
    assert rows.identities("term-") == identities(events)


def test_while_kafka_is_away_its_log_stays_short(fleet: Fleet) -> None:
    sink = fleet.sink(SILLAGE_KAFKA_BOOTSTRAP="127.0.0.1:1").start()
    eventually(lambda: "Connection refused" in sink.log.read_text(), "the log says what is wrong")
    time.sleep(4)
    assert not sink.is_ready()
    assert sink.stop() == 0
    assert sink.log.read_text().count("Connection refused") == 1


def test_an_offset_that_kafka_does_not_have_stops_it_for_good(
    stack: Stack, namespace: str, topics: Topics, tmp_path: Path
) -> None:
    with stack.database("sink_ahead_of_kafka") as url:
        migrations.upgrade(url)
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(
                "INSERT INTO sink_offsets VALUES (%s, 0, 1000000000)", (topics.name(INTERACTIONS),)
            )
        sink = Sink(stack, namespace, url, tmp_path / "log", free_port()).start()
        assert sink.exit_code() == EXIT_LOUD_STOP
    assert "sink_offsets" in sink.log.read_text()


def test_a_database_without_tables_stops_it_with_advice(stack: Stack, namespace: str, tmp_path: Path) -> None:
    with stack.database("sink_not_migrated") as url:
        sink = Sink(stack, namespace, url, tmp_path / "log", free_port()).start()
        assert sink.exit_code() == EXIT_LOUD_STOP
    assert "sillage db upgrade" in sink.log.read_text()


def test_a_database_of_an_earlier_version_stops_it_with_advice(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    with stack.database("sink_not_upgraded") as url:
        migrations.upgrade(url)
        with psycopg.connect(url, autocommit=True) as session:
            session.execute("UPDATE alembic_version SET version_num = %s", (revision.KNOWN[-2],))
        sink = Sink(stack, namespace, url, tmp_path / "log", free_port()).start()
        assert sink.exit_code() == EXIT_LOUD_STOP
    assert "sillage db upgrade" in sink.log.read_text()


def test_whoever_finds_the_offset_moved_stores_nothing(database: str) -> None:
    place = Partition("fence-test", 0)
    zombie, successor = Database(database), Database(database)
    assert zombie.offsets({place: 5}) == successor.offsets({place: 9}) == {place: 5}
    successor.store(Contents(moves=[Move(place, 5, 8)]))
    with pytest.raises(Fenced):
        zombie.store(Contents(moves=[Move(place, 5, 7)]))
    assert zombie.offsets({place: 0}) == {place: 8}
    zombie.close()
    successor.close()
