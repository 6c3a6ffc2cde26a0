"""What became of a recommendation: flags only rise, times only fall, thumbs are the latest given."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.perfumes.activity import activities
from stream_processors.perfumes.event import compound_key, ids_of, perfume_event
from stream_processors.perfumes.feedback import FEEDBACK_ROW, FLAGS, FeedbackRow, apply, figures
from tests.unit.streams.perfume_events import NOW, of_perfume, perfume_interactions

KEY = compound_key("r-1", "u:ann", "p-1")


def told(event_type: str, at: int = NOW, **data: Any) -> dict[str, Any]:
    return dict(of_perfume(event_type, {"recommendationId": "r-1", **data}, occurred_at=at))


def folded(*events: dict[str, Any]) -> FeedbackRow:
    row = FeedbackRow()
    for event in events:
        for _, activity in activities(event):
            if activity["recommendation_id"] is not None:
                apply(row, perfume_event(activity))
    return row


@pytest.mark.parametrize(
    ("event_type", "flag"),
    [
        ("PERFUME_VIEW", "viewed"),
        ("RECOMMENDATION_CLICKED", "clicked"),
        ("WISHLIST_ADD", "added_to_wishlist"),
        ("COLLECTION_ADD", "added_to_collection"),
        ("RATING_COMPLETED", "rated"),
        ("RECOMMENDATION_HIDDEN", "hidden"),
        ("WISHLIST_REMOVE", None),
        ("COLLECTION_UPDATE", None),
        ("RECOMMENDATION_RATED", None),
        ("RECOMMENDATION_SHOWN", None),
    ],
)
def test_each_event_raises_its_own_flag_and_no_other(event_type: str, flag: str | None) -> None:
    row = figures(KEY, folded(told(event_type)), 0)
    assert [name for name in FLAGS if row[name]] == ([flag] if flag else [])


def test_a_click_on_a_similar_perfume_is_a_click_on_the_one_recommended() -> None:
    click = of_perfume("SIMILAR_CLICKED", {"recommendationId": "r-1", "targetPerfumeId": "p-2"})
    row = folded(click)
    assert (row.events, row.flags) == (1, {"clicked"})


def test_taking_it_off_the_wishlist_again_does_not_undo_that_it_was_added() -> None:
    assert figures(KEY, folded(told("WISHLIST_ADD"), told("WISHLIST_REMOVE", NOW + 1)), 0)[
        "added_to_wishlist"
    ]


def test_being_shown_is_an_impression_and_not_an_interaction() -> None:
    row = figures(KEY, folded(told("RECOMMENDATION_SHOWN", NOW + 9), told("RECOMMENDATION_SHOWN", NOW)), 0)
    assert (row["impression_at"], row["first_interaction_at"]) == (NOW, None)


def test_the_first_interaction_is_the_earliest_however_late_it_comes() -> None:
    row = folded(
        told("RECOMMENDATION_CLICKED", NOW + 2), told("PERFUME_VIEW", NOW + 1), told("WISHLIST_ADD", NOW + 3)
    )
    assert figures(KEY, row, 0)["first_interaction_at"] == NOW + 1


def test_the_latest_thumbs_stand_and_the_earliest_word_on_where_it_stood() -> None:
    first = told("RECOMMENDATION_SHOWN", NOW, source="homepage", position=2, thumbs="up")
    second = told("RECOMMENDATION_RATED", NOW + 1, source="email", algorithm="notes", thumbs="down")
    for events in ((first, second), (second, first)):
        row = figures(KEY, folded(*events), 0)
        assert (row["source"], row["algorithm"], row["position"]) == ("homepage", "notes", 2)
        assert row["thumbs"] == "down"


def test_a_position_of_zero_is_a_position() -> None:
    assert figures(KEY, folded(told("RECOMMENDATION_SHOWN", position=0)), 0)["position"] == 0


@given(st.lists(perfume_interactions(), max_size=8))
def test_a_row_survives_the_changelog(events: list[dict[str, Any]]) -> None:
    row = folded(*events)
    assert FEEDBACK_ROW.unpack(FEEDBACK_ROW.pack(row)) == row


@given(st.lists(st.text(), min_size=2, max_size=3))
def test_no_two_sets_of_ids_share_a_key(ids: list[str]) -> None:
    assert ids_of(compound_key(*ids)) == tuple(ids)
