"""Sessions close, open again for late events, leave memory; and none of it changes a figure."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import limits
from stream_processors.engine.agenda import Agenda
from stream_processors.engine.partition import WATERMARK_KEY, OwnedPartition
from stream_processors.live.answers import Gone
from stream_processors.live.sessions import LiveSessions
from stream_processors.sessions import lifetime
from stream_processors.sessions.lifetime import FORGET_MS
from stream_processors.sessions.row import SessionRow, pack
from tests.oracle.sessions import expected_sessions
from tests.unit.streams.engine_fakes import FakeRecord, batch, encode, owned_partition, written
from tests.unit.streams.events import consistent_retries, interaction, interactions

SESSIONS, CHANGELOG, DEAD = "t.sessions", "t.session-agent-changelog", "t.dead-letter"
HALF_HOUR = limits.SESSION_TIMEOUT_MS
HORIZON = limits.LATE_HORIZON_MS


def put(partition: OwnedPartition, **fields: Any) -> None:
    """Apply one event."""
    record = FakeRecord(partition.position, encode(interaction(**fields)))
    partition.apply(batch(record.offset, record.offset + 1, record), [record], record.offset + 1)


def pass_time(partition: OwnedPartition, moment: int) -> None:
    """The source's own time goes on to this moment."""
    partition.advance(moment)
    partition.job.tick(partition, moment)


def flushed(partition: OwnedPartition, topic: str = SESSIONS) -> list[Any]:
    """The values that a flush writes to the topic."""
    values = [value for _, value in written(partition.take_flush(), topic)]
    partition.landed()
    return values


def test_half_an_hour_without_an_event_closes_a_session_and_a_late_one_opens_it_again() -> None:
    partition = owned_partition()
    put(partition, event_id="a", received_at=1_000)
    assert [row["closed"] for row in flushed(partition)] == [False]
    partition.job.tick(partition, 1_000 + HALF_HOUR)
    assert flushed(partition) == []
    partition.job.tick(partition, 1_001 + HALF_HOUR)
    assert [(row["closed"], row["revision"]) for row in flushed(partition)] == [(True, 3)]
    put(partition, event_id="b", received_at=2_000)
    assert [(row["closed"], row["revision"]) for row in flushed(partition)] == [(False, 4)]
    partition.job.tick(partition, 2_001 + HALF_HOUR)
    assert [(row["closed"], row["revision"]) for row in flushed(partition)] == [(True, 5)]


@given(st.lists(interactions(("s-1", "s-2")), max_size=20), st.data())
def test_closing_at_any_moment_changes_no_figure(events: list[dict[str, Any]], data: st.DataObject) -> None:
    log = consistent_retries(events)
    partition = owned_partition()
    published: dict[str, Any] = {}
    for event in log:
        put(partition, **event)
        partition.job.tick(partition, data.draw(st.integers(0, 10)) * HALF_HOUR // 4)
        published |= {row["session_id"]: row for row in flushed(partition)}
    partition.job.tick(partition, HALF_HOUR + 10_000)
    published |= {row["session_id"]: row for row in flushed(partition)}
    closed = {"closed": True}
    expected = {
        session: row | closed | {"revision": row["revision"] + 1}
        for session, row in expected_sessions(log).items()
    }
    assert published == expected


def test_a_new_owner_closes_what_the_one_before_left_open() -> None:
    before = owned_partition()
    put(before, event_id="a", received_at=1_000)
    flushed(before)
    after = owned_partition(committed=before.tables[0].committed)
    after.job.tick(after, 1_001 + HALF_HOUR)
    assert [row["closed"] for row in flushed(after)] == [True]


def test_behind_the_horizon_a_session_leaves_memory_and_its_last_row_stays_as_published() -> None:
    partition = owned_partition()
    put(partition, event_id="a", received_at=1_000)
    for now in (HALF_HOUR * 2, HORIZON * 2):
        pass_time(partition, now)
        flushed(partition)
    (packed,) = partition.tables[0].committed.values()
    assert len(packed) < 20
    live = LiveSessions(lambda _number: partition.tables, lambda _session: 0, partitions=1)
    with pytest.raises(Gone):
        live.session("s-1")
    pass_time(partition, 1_000 + FORGET_MS + 1)
    flush = partition.take_flush()
    assert flush.records[(CHANGELOG, 0)][1:] == [(b"s-1", None)]
    partition.landed()
    assert partition.tables[0].committed == {}


@pytest.mark.parametrize("evicted", [False, True])
def test_a_fresh_event_of_a_session_long_past_is_late_whether_or_not_it_was_evicted_yet(
    evicted: bool,
) -> None:
    partition = owned_partition()
    put(partition, event_id="a", received_at=1_000)
    flushed(partition)
    now = HORIZON + 10_000
    put(partition, event_id="other", session_id="s-2", received_at=now, occurred_at=now)
    if evicted:
        for moment in (HALF_HOUR * 2, HORIZON + 5_000):
            pass_time(partition, moment)
            flushed(partition)
    flushed(partition)
    put(partition, event_id="b", received_at=now, occurred_at=now)
    assert [letter["reason"] for letter in flushed(partition, DEAD)] == ["late"]


@pytest.mark.parametrize("ticked", [False, True])
def test_a_session_id_that_comes_back_after_it_was_forgotten_is_a_new_session(ticked: bool) -> None:
    partition = owned_partition()
    put(partition, event_id="a", received_at=1_000)
    now = 1_000 + FORGET_MS
    for moment in (HALF_HOUR * 2, HORIZON * 2, now) if ticked else ():
        pass_time(partition, moment)
    put(partition, event_id="b", received_at=now, occurred_at=now)
    assert [row["events"] for row in flushed(partition)] == [1]


def test_where_nothing_comes_any_more_the_wall_clock_closes_but_changes_what_becomes_of_no_event() -> None:
    """A backlog may follow: its events arrived long ago, and are judged by when they did."""
    partition = owned_partition()
    put(partition, event_id="a", received_at=1_000)
    for wall in (HALF_HOUR * 2, HORIZON * 2, FORGET_MS * 2):
        partition.job.tick(partition, wall)
        partition.job.tick(partition, wall)
    assert [row["closed"] for row in flushed(partition)] == [True]
    put(partition, event_id="b", received_at=1_000 + HORIZON)
    assert [(row["events"], row["closed"]) for row in flushed(partition)] == [(2, False)]


def test_an_event_behind_the_horizon_is_late_and_one_at_it_is_not() -> None:
    partition = owned_partition()
    now = HORIZON + 10_000
    put(partition, event_id="a", session_id="s-2", received_at=now, occurred_at=now)
    put(partition, event_id="b", received_at=now, occurred_at=10_000)
    put(partition, event_id="c", received_at=now, occurred_at=9_999)
    flush = partition.take_flush()
    judged_by = dict(flush.records[(CHANGELOG, 0)])[WATERMARK_KEY.encode()]
    assert judged_by == str(now).encode(), "the successor judges by the same time"
    assert flush.outcomes == {"applied": 2, "late": 1}


def test_a_gateway_whose_clock_is_in_the_future_makes_nobody_late() -> None:
    partition = owned_partition()
    record = FakeRecord(0, encode(interaction(received_at=10**15)), timestamp=5_000)
    partition.apply(batch(0, 1, record), [record], 1)
    assert partition.watermark == 5_000


@given(st.integers(0, 2**63), st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_a_packed_row_is_looked_at_when_the_row_itself_would_be(
    last_received: int, events: int, closed: bool, evicted: bool
) -> None:
    row = SessionRow(events, last_received=last_received, closed=closed, evicted=evicted)
    assert lifetime.due(pack(row)) == lifetime.next_look(last_received, closed, evicted)


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9))),
    st.integers(0, 9),
)
def test_the_agenda_gives_each_key_once_at_its_earliest_time(
    known: dict[str, int], added: list[tuple[str, int]], now: int
) -> None:
    entries = [*known.items(), *added]
    agenda = Agenda(known)
    for key, at in added:
        agenda.schedule(key, at)
    earliest = {key: min(at for other, at in entries if other == key) for key, _ in entries}
    assert sorted(agenda.due(now, most=99)) == sorted(key for key, at in earliest.items() if at <= now)
    assert sorted(agenda.due(9, most=99)) == sorted(key for key, at in earliest.items() if at > now)
