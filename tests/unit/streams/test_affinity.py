"""How a viewer stands to a perfume: the latest act of each kind, in event time."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream_processors.perfumes.activity import activities
from stream_processors.perfumes.affinity import (
    ACTS,
    AFFINITY_ROW,
    AffinityRow,
    Standing,
    apply,
    figures,
    standing,
)
from stream_processors.perfumes.event import compound_key, perfume_event
from tests.unit.streams.perfume_events import NOW, of_perfume, perfume_interactions

KEY = compound_key("p-1", "u:ann")


def folded(*events: dict[str, Any]) -> AffinityRow:
    row = AffinityRow()
    for event in events:
        ((_, activity),) = activities(event)
        apply(row, perfume_event(activity))
    return row


acts = perfume_interactions(ACTS)


def test_the_later_act_wins_even_when_it_comes_first() -> None:
    add, remove = of_perfume("WISHLIST_ADD"), of_perfume("WISHLIST_REMOVE", occurred_at=NOW + 5)
    for row in (folded(add, remove), folded(remove, add)):
        assert not standing(row).in_wishlist
        assert figures(KEY, row, 0)["wishlist_at"] == NOW + 5


def test_two_acts_of_one_moment_are_told_apart_by_event_id() -> None:
    add = of_perfume("COLLECTION_ADD", event_id="a")
    remove = of_perfume("COLLECTION_REMOVE", event_id="b")
    assert not standing(folded(add, remove)).in_collection
    assert not standing(folded(remove, add)).in_collection


def test_rating_again_without_a_value_keeps_the_value_and_moves_the_time() -> None:
    rated = of_perfume("RATING_COMPLETED", value=3.0)
    again = of_perfume("RATING_UPDATED", occurred_at=NOW + 5)
    for row in (folded(rated, again), folded(again, rated)):
        told = figures(KEY, row, 0)
        assert (told["rating"], told["rated_at"]) == (3.0, NOW + 5)


def test_a_rating_without_a_value_is_a_rating() -> None:
    assert standing(folded(of_perfume("RATING_COMPLETED"))) == Standing(rated=True)


def test_kinds_of_acts_do_not_touch_one_another() -> None:
    row = figures(KEY, folded(of_perfume("WISHLIST_ADD")), 0)
    assert (row["perfume_id"], row["viewer"]) == ("p-1", "u:ann")
    assert (row["in_wishlist"], row["in_collection"], row["rating"]) == (True, False, None)
    assert row["collection_at"] is row["rated_at"] is None


@given(st.lists(acts, min_size=1, max_size=8))
def test_what_an_act_changes_is_told_to_the_perfume_without_a_gap(events: list[dict[str, Any]]) -> None:
    row = AffinityRow()
    known = Standing()
    for event in events:
        ((_, activity),) = activities(event)
        before, after = apply(row, perfume_event(activity))
        assert before == known
        known = after
    assert standing(row) == known


@given(st.lists(acts, max_size=8))
def test_a_row_survives_the_changelog(events: list[dict[str, Any]]) -> None:
    row = folded(*events)
    assert AFFINITY_ROW.unpack(AFFINITY_ROW.pack(row)) == row
