"""The perfumes that trend now are those a scan of all rows would find, as weights come, decay and expire."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.engine.partition import OwnedPartition
from stream_processors.engine.ranking import Ranking
from stream_processors.live import perfumes
from stream_processors.live.answers import NotHere
from stream_processors.live.perfumes import LivePerfumes, merged, top
from stream_processors.perfumes import windows
from stream_processors.perfumes.agent import RANKED_AT_A_TIME, PerfumeAgent
from stream_processors.perfumes.figures import windowed_at
from stream_processors.perfumes.packing import rank_of
from stream_processors.perfumes.row import PERFUME_ROW, PerfumeRow
from tests.unit.streams.engine_fakes import FakeRecord, batch
from tests.unit.streams.perfume_events import NOW, of_perfume
from tests.unit.streams.perfume_rig import PARTITIONS, forwarded, home_partition, perfume_partition

HOUR = windows.HOUR_MS
PERFUMES = [f"p-{number}" for number in range(8)]
TYPES = ["PERFUME_VIEW", "REVIEW_SUBMITTED", "NOTES_COLLAPSED"]


class Shop:
    """One worker with all partitions, and a clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.partitions = [self._taken(number, ({}, {}, {})) for number in range(PARTITIONS)]

    def happens(self, perfume_id: str, event_type: str, hours_ago: int) -> None:
        event = of_perfume(event_type, perfume_id=perfume_id, occurred_at=self.now - hours_ago * HOUR)
        ((_, value),) = forwarded([event])
        partition = self.partitions[home_partition(perfume_id)]
        at = partition.position
        partition.apply(batch(at, at + 1), [FakeRecord(at, value)], at + 1)
        partition.take_flush()
        partition.landed()

    def passes(self, hours: int) -> None:
        self.now += hours * HOUR
        for partition in self.partitions:
            partition.job.tick(partition, 0)

    def is_taken_over(self) -> None:
        for number, old in enumerate(self.partitions):
            self.partitions[number] = self._taken(number, tuple(dict(t.committed) for t in old.tables))

    def trending(self, limit: int) -> list[Mapping[str, Any]]:
        """As two workers tell it together."""
        shares = [self._worker(numbers).trending(limit) for numbers in ({0}, {1, 2})]
        return list(merged(shares, limit)["perfumes"])

    def scores(self) -> list[float]:
        """Of every row there is, highest first; those that are 0 left out."""
        rows = [packed for partition in self.partitions for packed in partition.tables[0].committed.values()]
        scores = [windowed_at(PERFUME_ROW.unpack(packed), self.now)["trending_score"] for packed in rows]
        return sorted((score for score in scores if score), reverse=True)

    def ranked(self) -> int:
        return sum(len(partition.tables[0].ranking) for partition in self.partitions)

    def _worker(self, numbers: set[int]) -> LivePerfumes:
        return LivePerfumes(
            lambda number: self.partitions[number].tables if number in numbers else None,
            home_partition,
            PARTITIONS,
            lambda: self.now,
        )

    def _taken(self, number: int, rows: tuple[dict[str, bytes], ...]) -> OwnedPartition:
        return perfume_partition(number, rows, now_ms=lambda: self.now)


happenings = st.tuples(
    st.sampled_from(PERFUMES), st.sampled_from(TYPES), st.sampled_from([0, 0, 5, 300, 400])
)
steps = st.one_of(happenings, happenings, st.sampled_from([1, 47, 335, 336, "takeover"]))


@given(st.lists(steps, max_size=30), st.integers(1, 5))
def test_the_top_few_are_those_a_scan_would_find_at_every_moment(steps: list[Any], limit: int) -> None:
    shop = Shop()
    for step in steps:
        if step == "takeover":
            shop.is_taken_over()
        elif isinstance(step, int):
            shop.passes(step)
        else:
            shop.happens(*step)
        told = [row["trending_score"] for row in shop.trending(limit)]
        assert told == pytest.approx(shop.scores()[:limit], rel=1e-9)


def test_a_perfume_leaves_the_ranking_when_its_last_weight_is_14_days_old() -> None:
    shop = Shop()
    shop.happens("p-1", "PERFUME_VIEW", 0)
    shop.passes(335)
    assert shop.ranked() == 1
    shop.passes(1)
    assert shop.ranked() == 0
    assert shop.trending(5) == []


def test_many_perfumes_with_the_same_score_are_not_all_looked_at_and_the_first_by_id_are_told() -> None:
    hours = {500: 1}
    rank, packed, looked_at = windows.trending_rank(hours), packed_row(hours), []

    def ranked() -> Iterator[tuple[float, str, bytes]]:
        for number in range(1_000):
            looked_at.append(number)
            yield rank, f"p{number:04}", packed

    assert [key for _, key in top(3, 500 * HOUR, ranked())] == ["p0000", "p0001", "p0002"]
    assert len(looked_at) == 4


def test_few_rows_are_looked_at_for_the_first_few() -> None:
    looked_at = []

    def ranked() -> Iterator[tuple[float, str, bytes]]:
        for weight in range(1_000, 0, -1):
            looked_at.append(weight)
            packed = packed_row({500: weight})
            yield rank_of(packed), f"p{weight:04}", packed

    assert [key for _, key in top(3, 500 * HOUR, ranked())] == ["p1000", "p0999", "p0998"]
    assert len(looked_at) == 4


def test_perfumes_dated_into_a_far_future_stand_in_nobody_s_way() -> None:
    """Whoever writes past the gateway may date an event into any year: more than a float's exponent ahead."""
    rows = {
        "next": packed_row({69_000_000: 1}),
        "far": packed_row({70_000_000: 1}),
        "now": packed_row({500: 2}),
    }
    ranked = [(rank_of(packed), perfume_id, packed) for perfume_id, packed in rows.items()]
    assert top(1, 500 * HOUR, ranked) == [(2.0, "now")]


def test_ranks_that_lag_far_behind_make_a_worker_say_later_instead_of_standing_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(perfumes, "LOOKED_AT_AT_MOST", 10)
    packed = packed_row({500: 1})
    expired = [(rank_of(packed), f"p{number}", packed) for number in range(11)]
    with pytest.raises(NotHere):
        top(3, 900 * HOUR, expired)
    assert top(3, 900 * HOUR, expired[:10]) == []


def test_ranks_catch_up_a_little_at_a_time_so_that_nothing_else_waits() -> None:
    packed = packed_row({NOW // HOUR: 1})
    rows = {f"p{number}": packed for number in range(RANKED_AT_A_TIME + 1)}
    partition = perfume_partition(0, (rows, {}, {}), now_ms=lambda: NOW + 400 * HOUR)
    assert isinstance(partition.job, PerfumeAgent)
    for left in (1, 0):
        partition.job.tick(partition, 0)
        assert len(partition.tables[0].ranking) == left


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.just(-math.inf) | st.integers(-3, 3).map(float))))
def test_the_ranking_is_in_order_after_any_changes(changes: list[tuple[str, float]]) -> None:
    ranking, known = Ranking(), dict(changes)
    for key, rank in changes:
        ranking.place(key, rank)
    in_order = sorted((-rank, key) for key, rank in known.items() if rank > -math.inf)
    assert [(-rank, key) for rank, key in ranking.best_first()] == in_order
    assert list(Ranking(known.items()).best_first()) == list(ranking.best_first())
    assert len(ranking) == len(in_order)


def packed_row(hours: dict[int, int]) -> bytes:
    return PERFUME_ROW.pack(PerfumeRow(events=1, as_of=max(hours) * HOUR, hours=hours))
