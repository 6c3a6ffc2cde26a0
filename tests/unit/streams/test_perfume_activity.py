"""What of an event reaches which perfume, and what is refused before anything is counted."""

from typing import Any

import pytest
from hypothesis import given

from schemas.catalogue import CATALOGUE
from schemas.reasons import Reason
from stream_processors.errors import Refused
from stream_processors.perfumes.activity import activities
from tests.unit.streams.perfume_events import of_perfume, perfume_interactions
from tests.unit.streams.perfume_rig import DECODE, ENCODE


def the_only(event: dict[str, Any]) -> dict[str, Any]:
    ((perfume_id, activity),) = activities(event)
    assert activity["perfume_id"] == perfume_id
    return activity


@given(perfume_interactions(CATALOGUE))
def test_every_activity_survives_its_avro_schema(event: dict[str, Any]) -> None:
    for perfume_id, activity in activities(event):
        assert DECODE["perfume_activity"](ENCODE["perfume_activity"](activity)) == activity
        assert activity["perfume_id"] == perfume_id


def test_each_perfume_a_search_shows_gets_one_impression() -> None:
    search = of_perfume("SEARCH_PERFORMED", {"shown": ["p-2", "p-1", "p-3"]}, perfume_id=None)
    assert [perfume_id for perfume_id, _ in activities(search)] == ["p-2", "p-1", "p-3"]
    assert activities(of_perfume("SEARCH_PERFORMED", {"query": "oud"})) == []


def test_an_event_without_a_perfume_concerns_none() -> None:
    assert activities(of_perfume("PAGE_VIEW", perfume_id=None)) == []


@pytest.mark.parametrize(
    ("who", "viewer"),
    [
        ({"user_id": "ann", "visitor_id": "x"}, "u:ann"),
        ({"visitor_id": "ann"}, "v:ann"),
        ({}, "s:s-1"),
    ],
)
def test_a_viewer_is_tagged_with_the_kind_of_id_that_names_it(who: dict[str, Any], viewer: str) -> None:
    assert the_only(of_perfume(**who))["viewer"] == viewer


@pytest.mark.parametrize(
    ("event", "duration", "segment"),
    [
        (of_perfume("PERFUME_VIEW", duration=70), 70, 1),
        (of_perfume("PERFUME_VIEW"), None, None),
        (of_perfume("VIEW_ENDED", {"viewType": "PERFUME_VIEW", "segment": 2}, duration=30), 30, 2),
        (of_perfume("VIEW_ENDED", {"viewType": "PAGE_VIEW", "segment": 1}, duration=30), None, None),
        (of_perfume("IMAGE_VIEWED", duration=30), None, None),
    ],
)
def test_only_the_time_spent_on_a_perfume_view_counts(
    event: dict[str, Any], duration: int | None, segment: int | None
) -> None:
    activity = the_only(event)
    assert (activity["view_duration"], activity["view_segment"]) == (duration, segment)


@pytest.mark.parametrize(
    ("value", "hundredths"), [(1, 100), (4.5, 450), (3.14159, 314), (5.0, 500), (None, None)]
)
def test_a_rating_is_kept_in_hundredths_of_a_point(value: float | None, hundredths: int | None) -> None:
    assert the_only(of_perfume("RATING_UPDATED", value=value))["rating"] == hundredths


def test_a_value_that_is_no_rating_is_left_alone() -> None:
    assert the_only(of_perfume("COLLECTION_ADD", value=89.5))["rating"] is None


def test_a_click_on_a_recommended_similar_perfume_is_told_to_the_source_and_to_the_target() -> None:
    click = of_perfume("SIMILAR_CLICKED", {"targetPerfumeId": "p-2", "recommendationId": "r-1"})
    told = {perfume_id: activity["recommendation_id"] for perfume_id, activity in activities(click)}
    assert told == {"p-1": None, "p-2": "r-1"}
    not_recommended = of_perfume("SIMILAR_CLICKED", {"targetPerfumeId": "p-2"})
    assert the_only(not_recommended)["perfume_id"] == "p-1"


def test_where_a_view_came_from_is_not_taken_for_where_the_recommendation_stood() -> None:
    view = the_only(of_perfume("PERFUME_VIEW", {"recommendationId": "r-1", "source": "house", "position": 3}))
    assert view["recommendation_id"] == "r-1"
    assert view["recommendation_source"] is view["recommendation_position"] is None
    shown = {"recommendationId": "r-1", "source": "email", "position": 3}
    impression = the_only(of_perfume("RECOMMENDATION_SHOWN", shown))
    assert (impression["recommendation_source"], impression["recommendation_position"]) == ("email", 3)


def test_an_empty_recommendation_id_is_none() -> None:
    assert the_only(of_perfume("WISHLIST_ADD", {"recommendationId": ""}))["recommendation_id"] is None


def test_event_data_is_not_parsed_where_no_figure_needs_it() -> None:
    assert the_only(of_perfume("NOTES_EXPANDED", event_data="{not json"))["event_type"] == "NOTES_EXPANDED"


@pytest.mark.parametrize(
    "event",
    [
        of_perfume("PERFUME_VIEW", event_data="{not json"),
        of_perfume("PERFUME_VIEW", event_data="[]"),
        of_perfume("PERFUME_VIEW", duration=-1),
        of_perfume("WISHLIST_ADD", {"recommendationId": 7}),
        of_perfume("WISHLIST_ADD", {"recommendationId": "r" * 129}),
        of_perfume("RATING_COMPLETED", value=5.01),
        of_perfume("RATING_UPDATED", value=float("nan")),
        of_perfume("VIEW_ENDED", {"viewType": "PERFUME_VIEW"}, duration=1),
        of_perfume("VIEW_ENDED", {"viewType": "PERFUME_VIEW", "segment": True}, duration=1),
        of_perfume("VIEW_ENDED", {"viewType": 1, "segment": 1}, duration=1),
        of_perfume("SEARCH_PERFORMED", {"shown": "p-1"}),
        of_perfume("SEARCH_PERFORMED", {"shown": ["p-1", "p-1"]}),
        of_perfume("SEARCH_PERFORMED", {"shown": ["p-1", 2]}),
        of_perfume("SEARCH_PERFORMED", {"shown": [f"p-{number}" for number in range(51)]}),
        of_perfume("RECOMMENDATION_SHOWN", {"recommendationId": "r-1", "position": 1.5}),
    ],
)
def test_what_breaks_the_catalogue_is_refused_before_any_row_is_touched(event: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        activities(event)
    assert refusal.value.reason is Reason.INVALID_RECORD
    assert "expected" in str(refusal.value) or "JSON" in str(refusal.value)
