"""What a live read may show, and when it must say that it cannot tell."""

from typing import Any

import pytest

from stream_processors.engine.table import Table
from stream_processors.live.answers import NotHere
from stream_processors.live.sessions import LiveSessions
from tests.unit.streams.engine_fakes import FakeRecord, batch, encode, owned_partition
from tests.unit.streams.events import interaction


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


def test_the_summary_counts_sessions_and_events() -> None:
    tables = tables_with_one_session()
    live = LiveSessions(lambda number: tables if number == 1 else None, lambda _session: 1, partitions=2)
    assert live.summary() == {"partitions": [1], "sessions": 1, "events": 1}
