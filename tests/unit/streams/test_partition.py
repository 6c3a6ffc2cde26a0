"""What one flush writes: changed rows, dead letters and how far the source was read, all of it or nothing."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from schemas import limits
from schemas.topics import INTERACTIONS
from stream_processors.engine.guard import Verdict, judge
from stream_processors.engine.partition import (
    FAILURE_WINDOW,
    WATERMARK_KEY,
    FailureWatch,
    Flush,
    OwnedPartition,
    Rewound,
)
from stream_processors.errors import LoudStop
from stream_processors.sessions import reducer
from tests.oracle.sessions import expected_sessions
from tests.unit.streams.engine_fakes import FakeRecord, batch, decode, encode, owned_partition, written
from tests.unit.streams.events import consistent_retries, interaction, interactions
from wire.errors import RegistryUnavailable, Undecodable
from wire.partitions import check_home, home_partition

SESSIONS, CHANGELOG, DEAD = "t.sessions", "t.session-agent-changelog", "t.dead-letter"


@given(st.lists(interactions(("s-1", "s-2", "s-3")), max_size=30), st.data())
def test_published_rows_are_the_brute_force_rows_however_fetches_and_flushes_are_cut(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    log = [FakeRecord(at, encode(event)) for at, event in enumerate(consistent_retries(events))]
    partition = owned_partition()
    published: dict[bytes | None, Any] = {}
    at = 0
    while at < len(log):
        start, end = data.draw(st.integers(0, at)), data.draw(st.integers(at + 1, len(log)))
        partition.apply(batch(start, end), log[start:end], end)
        at = end
        if data.draw(st.booleans()):
            published.update(written(partition.take_flush(), SESSIONS))
            partition.landed()
            for table in partition.tables:
                table.rotate()
    published.update(written(partition.take_flush(), SESSIONS))
    expected = expected_sessions(consistent_retries(events))
    assert published == {key.encode(): row for key, row in expected.items()}


def test_a_flush_carries_the_changelog_row_the_public_row_and_the_offset_together() -> None:
    partition = owned_partition()
    partition.apply(batch(0, 3), [FakeRecord(0, encode(interaction()))], 3)
    flush = partition.take_flush()
    assert flush.position == 3, "markers behind the record belong to the range"
    assert [key for key, _ in written(flush, SESSIONS)] == [b"s-1"]
    assert [key for key, _ in flush.records[(CHANGELOG, 0)]] == [WATERMARK_KEY.encode(), b"s-1"]
    assert not partition.dirty


def test_a_reader_sees_a_row_only_when_its_transaction_has_landed() -> None:
    partition = owned_partition()
    partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction()))], 1)
    (table,) = partition.tables
    partition.take_flush()
    assert "s-1" not in table.committed
    partition.landed()
    assert "s-1" in table.committed


def test_a_row_changed_while_it_is_in_flight_goes_on_from_there() -> None:
    partition = owned_partition()
    partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction(event_id="a")))], 1)
    partition.take_flush()
    for table in partition.tables:
        table.rotate()
        table.rotate()
    partition.apply(batch(1, 2), [FakeRecord(1, encode(interaction(event_id="b")))], 2)
    ((_, row),) = written(partition.take_flush(), SESSIONS)
    assert row["events"] == 2


def test_garbage_is_dead_lettered_with_where_it_came_from_and_the_rest_goes_on() -> None:
    partition = owned_partition()
    records = [
        FakeRecord(0, b"\xc1garbage", key=b"k"),
        FakeRecord(1, None),
        FakeRecord(2, encode(interaction())),
    ]
    partition.apply(batch(0, 3), records, 3)
    flush = partition.take_flush()
    (key, letter), _ = written(flush, DEAD)
    assert key == b"k"
    assert letter["payload"] == b"\xc1garbage"
    assert (letter["stage"], letter["reason"]) == ("session_agent", "undecodable")
    assert (letter["source_topic"], letter["source_partition"], letter["source_offset"]) == (
        "t.interactions",
        0,
        0,
    )
    assert [row["events"] for _, row in written(flush, SESSIONS)] == [1]
    assert flush.outcomes == {"undecodable": 2, "applied": 1}


FOLDS = ("_fold_edges", "_fold_identity", "_fold_counts", "_fold_flags")


@pytest.mark.sources
@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("flush_first", [False, True])
def test_a_record_that_breaks_the_reducer_half_way_is_dead_lettered_and_harms_nothing(
    monkeypatch: pytest.MonkeyPatch, fold: str, flush_first: bool
) -> None:
    partition = owned_partition()
    real = getattr(reducer, fold)

    def broken(row: Any, event: Any) -> None:
        real(row, event)
        if event.path == "/bug":
            raise ZeroDivisionError("a bug")

    monkeypatch.setattr(reducer, fold, broken)
    paths = ["/", "/bug", "/a"]
    records = [FakeRecord(at, encode(interaction(event_id=path, path=path))) for at, path in enumerate(paths)]
    if flush_first:
        partition.apply(batch(0, 1), records[:1], 1)
        partition.take_flush()
    began = partition.position
    with pytest.raises(Rewound):
        partition.apply(batch(0, 3), records, 3)
    assert partition.position == began, "the open flush is undone and read again"
    assert not partition.apply(batch(began, 3), records[began:], 3), "to be flushed before the rest comes"
    ((_, letter),) = written(partition.take_flush(), DEAD)
    assert (letter["reason"], letter["source_offset"]) == ("processor_error", 1)
    assert "a bug" in letter["message"]
    assert partition.apply(batch(began, 3), records[began:], 3)
    expected = expected_sessions([interaction(event_id=path, path=path) for path in ("/", "/a")])
    assert [row for _, row in written(partition.take_flush(), SESSIONS)] == list(expected.values())


def break_one_in(every: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Let the reducer fail on each event whose number is divisible; counts how often each is tried."""
    real, tried = reducer._fold_flags, Counter[str]()

    def broken(row: Any, event: Any) -> None:
        tried[event.path] += 1
        real(row, event)
        if int(event.path[1:]) % every == 0:
            raise ZeroDivisionError("a bug")

    monkeypatch.setattr(reducer, "_fold_flags", broken)
    return tried


def drive(partition: OwnedPartition, count: int) -> list[Flush]:
    """Feed `count` events as the engine does: read again after a failure, flush when told to."""
    events = [interaction(session_id=f"s-{at}", path=f"/{at + 1}") for at in range(count)]
    log = [FakeRecord(at, encode(event)) for at, event in enumerate(events)]
    flushes = []
    with capture_logs():  # hundreds of tracebacks otherwise
        while partition.position < count:
            try:
                if not partition.apply(batch(partition.position, count), log, count):
                    flushes.append(partition.take_flush())
                    partition.landed()
            except Rewound:
                continue
    return [*flushes, partition.take_flush()]


@pytest.mark.sources
def test_many_failing_records_cost_a_letter_each_and_no_more_work_than_reading_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = break_one_in(6, monkeypatch)
    flushes = drive(owned_partition(), 600)
    letters = [letter["source_offset"] for flush in flushes for _, letter in written(flush, DEAD)]
    assert letters == list(range(5, 600, 6))
    assert max(tried.values()) <= 2
    published = Counter(row["session_id"] for flush in flushes for _, row in written(flush, SESSIONS))
    assert published == Counter(f"s-{at}" for at in range(600) if (at + 1) % 6)


@pytest.mark.sources
def test_more_than_a_fifth_of_a_thousand_failing_stops_it_loudly_though_most_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    break_one_in(4, monkeypatch)
    with pytest.raises(LoudStop, match="201 of the last"):
        drive(owned_partition(), 1_000)


def test_a_session_closed_in_a_flush_that_was_undone_closes_all_the_same() -> None:
    partition = owned_partition()
    partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction()))], 1)
    partition.take_flush()
    partition.landed()
    later = 1_001 + limits.SESSION_TIMEOUT_MS
    partition.job.tick(partition, later)
    for table in partition.tables:
        table.take_back()
    partition.job.tick(partition, later)
    assert [row["closed"] for _, row in written(partition.take_flush(), SESSIONS)] == [True]


def test_letters_about_huge_or_hostile_records_always_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = owned_partition()

    def refuse(data: bytes | None) -> Any:
        raise Undecodable(repr(data) * 4)

    monkeypatch.setattr(partition.job, "decode", refuse)
    hostile = [b"\0\xff\xff\xff\xff", b"\xff" * 1_000_000]
    records = [FakeRecord(at, value, key=b"k" * 1_000_000) for at, value in enumerate(hostile)]
    partition.apply(batch(0, 2), records, 2)
    letters = partition.take_flush().records[(DEAD, 0)]
    assert len(letters) == 2
    assert all(len(key or b"") + len(value or b"") < 600_000 for key, value in letters)


def test_a_row_of_another_version_stops_the_worker_instead_of_losing_its_events() -> None:
    partition = owned_partition(committed={"s-1": b"\x63" + bytes(20)})
    with pytest.raises(LoudStop, match="version 99"):
        partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction()))], 1)


def test_a_session_in_another_partition_than_its_own_is_refused() -> None:
    partition = owned_partition(check_home=partial(check_home, INTERACTIONS))
    partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction()))], 1)
    flush = partition.take_flush()
    ((_, letter),) = written(flush, DEAD)
    assert letter["reason"] == "invalid_record"
    home = home_partition(INTERACTIONS, "s-1")
    assert f"belongs to partition {home} of interactions, not 0" in letter["message"]
    assert written(flush, SESSIONS) == []


def test_bots_move_the_offset_and_make_no_row() -> None:
    partition = owned_partition()
    partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction(is_bot=True)))], 1)
    flush = partition.take_flush()
    assert flush.position == 1
    assert [key for key, _ in flush.records.pop((CHANGELOG, 0))] == [WATERMARK_KEY.encode()]
    assert flush.records == {}
    assert flush.outcomes == {"bot": 1}


def test_an_unreachable_registry_stops_the_worker_instead_of_dead_lettering(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partition = owned_partition()

    def away(_data: bytes | None) -> Any:
        raise RegistryUnavailable("no answer")

    monkeypatch.setattr(partition.job, "decode", away)
    with pytest.raises(RegistryUnavailable):
        partition.apply(batch(0, 1), [FakeRecord(0, encode(interaction()))], 1)


def test_a_reducer_that_keeps_failing_stops_loudly_and_a_single_failure_does_not() -> None:
    watch = FailureWatch()
    for at in range(10 * FAILURE_WINDOW):
        watch.note(failed=at % 5 == 0)
    with pytest.raises(LoudStop, match="bug"):
        fail(watch, FAILURE_WINDOW)


def fail(watch: FailureWatch, times: int) -> None:
    for _ in range(times):
        watch.note(failed=True)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_batch_is_applied_only_where_nothing_lies_between(start: int, length: int, position: int) -> None:
    end = start + length
    verdict = judge(start, end, position)
    missing = set(range(position, start))
    news = set(range(start, end)) - set(range(position))
    if verdict is Verdict.APPLY:
        assert news
        assert not missing
    elif verdict is Verdict.DROP:
        assert not news
    else:
        assert missing


def test_decoding_of_the_fakes_is_what_the_wire_promises() -> None:
    assert decode(encode({"a": 1})) == {"a": 1}
