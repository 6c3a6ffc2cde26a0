"""What a live read may show, and when it must say that it cannot tell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.engine.table import Table
from stream_processors.live.answers import NotHere
from stream_processors.live.sessions import LiveSessions
from tests.oracle.sessions import expected_sessions
from tests.unit.streams.engine_fakes import FakeRecord, batch, encode, owned_partition
from tests.unit.streams.events import interaction, interactions


def tables_with_one_session() -> list[Table[Any]]:
    partition = owned_partition()
    partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction(occurred_at=1_500)))], 1)
    partition.take_flush()
    partition.landed()
    return list(partition.tables)


def test_a_session_is_told_with_times_people_can_read() -> None:
    tables = tables_with_one_session()
    live = LiveSessions(lambda _number: tables, lambda _session: 0, partitions=1)
    row = live.session("s-1")
    assert row is not None
    assert row["events"] == 1
    assert row["started_at"] == "1970-01-01T00:00:01.500Z"
    assert live.session("s-2") is None


def test_a_worker_without_the_partition_never_says_that_there_is_no_such_session() -> None:
    live = LiveSessions(lambda _number: None, lambda _session: 0, partitions=1)
    with pytest.raises(NotHere):
        live.session("s-1")
    assert live.summary() == {"partitions": [], "sessions": 0, "events": 0}


@given(st.lists(st.lists(interactions(("s-1", "s-2", "s-3")), max_size=4), max_size=5), st.integers(0, 5))
def test_the_summary_stays_right_from_whichever_flush_on_it_is_first_asked_for(
    flushes: list[list[dict[str, Any]]], first_asked: int
) -> None:
    partition = owned_partition()
    live = LiveSessions(lambda _number: partition.tables, lambda _session: 0, partitions=1)
    log: list[dict[str, Any]] = []
    for number, events in enumerate(flushes):
        for event in events:
            at = partition.position
            partition.apply(batch(at, at + 1), [FakeRecord(at, encode(event))], at + 1)
        log += events
        partition.take_flush()
        if number >= first_asked:
            live.summary()
        partition.landed()
        if number >= first_asked:
            rows = expected_sessions(log).values()
            assert live.summary()["events"] == sum(row["events"] for row in rows)
            assert live.summary()["sessions"] == len(rows)


def test_the_total_follows_rows_that_are_forgotten() -> None:
    tables = tables_with_one_session()
    assert tables[0].total == 1
    tables[0].remove("s-1")
    tables[0].take_changes()
    tables[0].landed()
    assert tables[0].total == 0


def test_the_summary_counts_sessions_and_events() -> None:
    tables = tables_with_one_session()
    live = LiveSessions(lambda number: tables if number == 1 else None, lambda _session: 1, partitions=2)
    assert live.summary() == {"partitions": [1], "sessions": 1, "events": 1}
