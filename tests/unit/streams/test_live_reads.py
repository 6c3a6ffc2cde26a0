"""What a live read may show, and when it must say that it cannot tell."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.engine.ranking import Ranking
from stream_processors.engine.table import Table
from stream_processors.live.answers import NotHere
from stream_processors.live.perfumes import top
from stream_processors.live.sessions import LiveSessions
from stream_processors.perfumes import windows
from stream_processors.perfumes.figures import trending_at
from stream_processors.perfumes.packing import rank_of
from stream_processors.perfumes.row import PERFUME_ROW, PerfumeRow
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


HOUR = windows.HOUR_MS
buckets = st.dictionaries(st.integers(0, 600), st.integers(1, 50), max_size=8)


@given(st.lists(buckets, max_size=12), st.integers(1, 5), st.integers(600, 1_200))
def test_the_top_few_are_those_a_full_scan_would_find(
    rows: list[dict[int, int]], limit: int, hour: int
) -> None:
    moment = hour * HOUR
    perfumes = {f"p{at:02}": _perfume(hours) for at, hours in enumerate(rows)}
    ranked = sorted(((rank_of(packed), key, packed) for key, packed in perfumes.items()), reverse=True)
    scores = [(trending_at(PERFUME_ROW.unpack(packed), moment), key) for key, packed in perfumes.items()]
    full_scan = sorted((score for score, _ in scores), reverse=True)[:limit]
    found = top(limit, moment, iter(ranked))
    assert [score for score, _ in found] == full_scan
    assert set(found) <= set(scores)


def _perfume(hours: dict[int, int]) -> bytes:
    newest = max(hours, default=0)
    kept = {hour: weight for hour, weight in hours.items() if hour > newest - windows.TRENDING_HOURS}
    return PERFUME_ROW.pack(PerfumeRow(events=1, as_of=newest * HOUR, hours=kept))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(-9, 9))))
def test_the_ranking_is_in_order_after_any_changes(changes: list[tuple[str, float]]) -> None:
    ranking, known = Ranking(), dict(changes)
    for key, rank in changes:
        ranking.place(key, rank)
    assert list(ranking.best_first()) == sorted(((rank, key) for key, rank in known.items()), reverse=True)


def test_few_rows_are_looked_at_for_the_first_few() -> None:
    looked_at = 0

    def ranked() -> Iterator[tuple[float, str, bytes]]:
        nonlocal looked_at
        for weight in range(1_000, 0, -1):
            looked_at += 1
            packed = _perfume({500: weight})
            yield rank_of(packed), f"p{weight:04}", packed

    assert [key for _, key in top(3, 500 * HOUR, ranked())] == ["p1000", "p0999", "p0998"]
    assert looked_at < 10
