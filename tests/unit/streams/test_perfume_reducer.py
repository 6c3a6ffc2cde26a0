"""A perfume's figures, case by case: what each counts, and at which edge of a window it stops counting."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.errors import UnreadableRow
from stream_processors.perfumes.activity import activities
from stream_processors.perfumes.affinity import NO_STANDING
from stream_processors.perfumes.event import perfume_event
from stream_processors.perfumes.figures import figures, windowed_at
from stream_processors.perfumes.reducer import apply
from stream_processors.perfumes.row import PERFUME_ROW, PerfumeRow
from stream_processors.perfumes.windows import DAY_MS, HOUR_MS, TRENDING_HOURS
from tests.unit.streams.perfume_events import NOW, of_perfume
from tests.unit.streams.perfume_rig import Worker, forwarded


def folded(*events: dict[str, Any]) -> PerfumeRow:
    """The row of p-1 after these events, of which none is an act that affinities know."""
    row = PerfumeRow()
    for event in events:
        for perfume_id, activity in activities(event):
            if perfume_id == "p-1":
                apply(row, perfume_event(activity), NO_STANDING, NO_STANDING)
    return row


def published(*events: dict[str, Any]) -> dict[str, Any]:
    """The row of p-1 that the whole agent publishes after these events."""
    worker = Worker()
    for record in forwarded([event | {"event_id": str(at)} for at, event in enumerate(events)]):
        worker.read(*record)
    worker.flush()
    return dict(worker.published["perfume-stats"]["p-1"])


def trending_at(row: PerfumeRow, moment: int) -> float:
    return float(windowed_at(row, moment)["trending_score"])


def view(at: int = NOW, **fields: Any) -> dict[str, Any]:
    return dict(of_perfume("PERFUME_VIEW", occurred_at=at, **fields))


def ended(duration: int, segment: int) -> dict[str, Any]:
    data = {"viewType": "PERFUME_VIEW", "segment": segment}
    return dict(of_perfume("VIEW_ENDED", data, duration=duration))


def test_time_spent_after_a_return_lengthens_the_view_and_is_no_second_one() -> None:
    row = published(view(), ended(1_000, 1), ended(500, 2), view(), ended(2_500, 1), view())
    assert row["avg_view_duration"] == 2_000


def test_a_view_without_any_duration_has_no_average() -> None:
    assert published(view())["avg_view_duration"] is None
    assert published(ended(500, 2))["avg_view_duration"] is None


def test_absurd_durations_add_up_without_harm() -> None:
    row = folded(*[view(duration=2**63 - 1)] * 5)
    assert figures("p-1", PERFUME_ROW.unpack(PERFUME_ROW.pack(row)), 0)["avg_view_duration"] == 2.0**63


def test_the_average_rating_is_over_each_viewer_s_latest_value() -> None:
    row = published(
        of_perfume("RATING_COMPLETED", user_id="ann", value=1.0),
        of_perfume("RATING_UPDATED", user_id="ann", value=4.0, occurred_at=NOW + 1),
        of_perfume("RATING_COMPLETED", user_id="bob", value=4.5),
        of_perfume("RATING_COMPLETED", user_id="cid"),
    )
    assert row["total_ratings"] == 3
    assert row["avg_rating"] == 4.25


def test_wishing_twice_counts_once_and_taking_away_what_was_not_there_never_goes_below_zero() -> None:
    add, remove = of_perfume("WISHLIST_ADD"), of_perfume("WISHLIST_REMOVE", occurred_at=NOW + 1)
    assert published(add, add)["in_wishlist_count"] == 1
    assert published(add, add, remove)["in_wishlist_count"] == 0
    assert published(remove, remove)["in_wishlist_count"] == 0
    assert published(remove, add)["in_wishlist_count"] == 0, "the add came late, the remove is the later act"


def test_changing_what_one_owns_is_owning_it() -> None:
    assert published(of_perfume("COLLECTION_UPDATE"))["in_collection_count"] == 1


def test_a_rate_without_impressions_is_unknown_rather_than_zero() -> None:
    clicked = published(of_perfume("SEARCH_RESULT_CLICKED"))
    assert (clicked["search_clicks"], clicked["search_ctr"]) == (1, None)
    shown = of_perfume("SEARCH_PERFORMED", {"shown": ["p-1", "p-2"]}, perfume_id=None)
    row = published(shown, shown, shown, shown, of_perfume("SEARCH_RESULT_CLICKED"))
    assert (row["search_impressions"], row["search_ctr"]) == (4, 0.25)


def test_views_are_counted_by_whole_utc_days() -> None:
    midnight = NOW - NOW % DAY_MS
    row = folded(view(), view(midnight - 6 * DAY_MS), view(midnight - 6 * DAY_MS - 1))
    assert windowed_at(row, NOW)["views_last_7_days"] == 2
    assert windowed_at(row, NOW)["views_last_30_days"] == 3
    assert windowed_at(row, midnight + DAY_MS)["views_last_7_days"] == 1
    assert windowed_at(row, NOW + 40 * DAY_MS)["views_last_30_days"] == 0


def test_a_trending_weight_halves_in_48_hours_and_is_gone_after_14_days() -> None:
    row = folded(of_perfume("REVIEW_SUBMITTED"))
    assert trending_at(row, NOW) == 8.0
    assert trending_at(row, NOW + 48 * HOUR_MS) == 4.0
    assert trending_at(row, NOW + 96 * HOUR_MS) == 2.0
    assert trending_at(row, NOW + (TRENDING_HOURS - 1) * HOUR_MS) == pytest.approx(8 * 0.5 ** (335 / 48))
    assert trending_at(row, NOW + TRENDING_HOURS * HOUR_MS) == 0.0


def test_a_reader_whose_clock_is_behind_sees_the_score_as_of_the_newest_event() -> None:
    row = folded(view())
    assert trending_at(row, NOW - 5 * HOUR_MS) == trending_at(row, NOW) == 1.0


def test_a_row_keeps_no_more_than_its_windows_however_long_it_lives() -> None:
    row = folded(*[view(NOW + hour * HOUR_MS) for hour in range(0, 100 * 24, 3)])
    assert len(row.hours) == TRENDING_HOURS // 3
    assert len(row.days) == 30
    assert row.counts["total_views"] == 800


@given(st.permutations([0, 1, 13 * 24, 14 * 24 - 1, 14 * 24, 29 * 24, 30 * 24, 31 * 24]))
def test_what_the_windows_drop_does_not_depend_on_the_order(hours: list[int]) -> None:
    row = folded(*[view(NOW - hour * HOUR_MS) for hour in hours])
    assert sorted(NOW // HOUR_MS - hour for hour in row.hours) == [0, 1, 13 * 24, 14 * 24 - 1]
    assert sorted(NOW // DAY_MS - day for day in row.days) == [0, 13, 14, 29]


def test_every_event_of_the_perfume_moves_as_of_and_only_views_move_last_viewed_at() -> None:
    row = published(view(), of_perfume("NOTES_COLLAPSED", occurred_at=NOW + 1))
    assert (row["as_of"], row["last_viewed_at"], row["revision"]) == (NOW + 1, NOW, 2)


def test_a_row_without_events_has_no_figures() -> None:
    with pytest.raises(ValueError, match="no events"):
        figures("p-1", PerfumeRow(), 0)


@given(st.binary(max_size=60))
def test_bytes_that_are_not_a_row_are_refused_with_one_kind_of_error(data: bytes) -> None:
    for damaged in (data, b"\x02" + data, PERFUME_ROW.pack(folded(view()))[: len(data)]):
        with pytest.raises(UnreadableRow):
            PERFUME_ROW.unpack(damaged)


def test_a_row_of_another_version_is_named_as_such() -> None:
    packed = PERFUME_ROW.pack(folded(view()))
    with pytest.raises(UnreadableRow, match="version 9"):
        PERFUME_ROW.unpack(b"\x09" + packed[1:])
