"""A batch takes each record once, knows when it is due, and which of two rows with one key stays."""

from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.reasons import Reason
from sinks.batch import POSITIONS_AFTER_S, Batch, Limits, Move
from sinks.event_rows import event_row
from sinks.record import End, Partition, Rejection, Staged
from sinks.tables import RAW_EVENTS, TABLES, USER_SESSIONS
from tests.published import session
from tests.unit.sinks.records import EVENT_ID, INTERACTIONS, interaction, record
from wire.partitions import home_partition

SESSIONS = Partition("sessions", 0)
LIMITS = Limits(records=3, bytes=100, linger_s=0.25)


def batch(limits: Limits = LIMITS) -> Batch:
    fresh = Batch(TABLES, limits)
    fresh.begin({INTERACTIONS: 10, SESSIONS: 0}, now=0.0)
    return fresh


def event(offset: int, event_id: str = EVENT_ID, session_id: str = "s-1") -> Staged:
    home = home_partition(topics.INTERACTIONS, session_id)
    row = event_row(interaction(event_id=event_id, session_id=session_id), home, offset)
    return Staged(RAW_EVENTS.name, (session_id, event_id), row, record(offset))


def figures(offset: int, generation: int, revision: int) -> Staged:
    row = USER_SESSIONS.row(session(generation=generation, revision=revision), 0, offset)
    return Staged(USER_SESSIONS.name, "s-1", row, record(offset, SESSIONS))


def add(to: Batch, staged: Staged, now: float = 0.0) -> None:
    to.add(staged.record, staged, now)


def test_it_wants_only_its_partitions_and_each_offset_once() -> None:
    filling = batch()
    assert filling.wants(record(10))
    assert not filling.wants(record(9))
    assert not filling.wants(record(10, Partition("interactions", 5)))
    add(filling, event(10))
    assert not filling.wants(record(10))
    assert filling.wants(record(11))


def test_it_is_due_when_its_first_record_has_waited_long_enough() -> None:
    filling = batch()
    assert not filling.due(now=50.0)
    add(filling, event(10), now=50.0)
    assert not filling.due(now=50.2)
    assert filling.due(now=50.25)


def test_it_is_due_at_once_when_it_is_full_of_records_or_bytes() -> None:
    by_records, by_bytes = batch(), batch()
    for offset in (10, 11, 12):
        assert not by_records.due(now=0.0)
        add(by_records, event(offset))
    assert by_records.due(now=0.0)
    by_bytes.add(record(10, value=b"x" * 100), None, now=0.0)
    assert by_bytes.due(now=0.0)


def test_the_first_of_two_copies_of_an_event_stays() -> None:
    filling = batch()
    for offset in (10, 11):
        add(filling, event(offset))
    contents = filling.contents()
    assert [staged.record.offset for staged in contents.rows[RAW_EVENTS.name]] == [10]
    assert contents.repeated[RAW_EVENTS.name] == 1
    assert contents.moves == [Move(INTERACTIONS, 10, 12)]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=8))
def test_the_newest_figures_stay_in_whatever_order_they_come(versions: list[tuple[int, int]]) -> None:
    filling = batch(Limits(records=100))
    for offset, (generation, revision) in enumerate(versions):
        add(filling, figures(offset, generation, revision))
    (kept,) = filling.contents().rows[USER_SESSIONS.name]
    assert kept.row[1:3] == max(versions)


def test_a_rejection_moves_the_position_like_a_row() -> None:
    filling = batch()
    rejection = Rejection(record(10), Reason.UNDECODABLE, "no")
    filling.add(rejection.record, rejection, now=0.0)
    contents = filling.contents()
    assert contents.rejections == [rejection]
    assert contents.moves == [Move(INTERACTIONS, 10, 11)]
    assert not contents.rows


def test_after_a_flush_it_goes_on_where_that_ended() -> None:
    filling = batch()
    add(filling, event(10))
    filling.stored(now=1.0)
    assert not filling.unsaved
    assert filling.records == 0
    add(filling, event(11))
    assert filling.contents().moves == [Move(INTERACTIONS, 11, 12)]
    assert filling.contents().repeated[RAW_EVENTS.name] == 0


def test_after_a_drop_it_wants_nothing() -> None:
    filling = batch()
    add(filling, event(10))
    filling.drop()
    assert not filling.wants(record(11))
    assert not filling.unsaved
    assert filling.contents().moves == []


def test_an_end_beyond_the_last_record_is_saved_in_time_without_a_row() -> None:
    filling = batch()
    filling.reached(End(SESSIONS, 40))
    filling.reached(End(SESSIONS, 30))
    filling.reached(End(Partition("sessions", 7), 3))
    assert not filling.due(now=POSITIONS_AFTER_S - 1)
    assert filling.due(now=POSITIONS_AFTER_S)
    assert filling.contents().moves == [Move(SESSIONS, 0, 40)]


def test_a_part_of_a_flush_moves_the_same_offsets() -> None:
    filling = batch()
    rows = [event(10, session_id="a"), event(11, session_id="b")]
    for staged in rows:
        add(filling, staged)
    part = filling.contents().only(rows[1:])
    assert part.staged() == rows[1:]
    assert part.moves == [Move(INTERACTIONS, 10, 12)]
