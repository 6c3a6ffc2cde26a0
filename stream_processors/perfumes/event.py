"""What the perfume agent learns from one PerfumeActivity, read out of it before any row is touched."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson


class Moment(NamedTuple):
    """When an event happened, in an order without ties: epoch milliseconds, then event id."""

    at: int
    event_id: str


class Recommendation(NamedTuple):
    """What an event says about the recommendation it came from."""

    id: str
    source: str | None
    algorithm: str | None
    position: int | None
    thumbs: str | None


class PerfumeEvent(NamedTuple):
    """One event as a perfume sees it. Durations are milliseconds, ratings hundredths of a point."""

    moment: Moment
    perfume_id: str
    viewer: str
    event_type: str
    view_duration: int | None
    view_segment: int | None
    rating: int | None
    recommendation: Recommendation | None


def perfume_event(activity: Mapping[str, Any]) -> PerfumeEvent:
    """Read a decoded PerfumeActivity (schemas/avro/perfume_activity.avsc, times as epoch ms).

    Raises KeyError or TypeError where it is not one.
    """
    return PerfumeEvent(
        moment=Moment(activity["occurred_at"] + 0, activity["event_id"]),
        perfume_id=activity["perfume_id"],
        viewer=activity["viewer"],
        event_type=activity["event_type"],
        view_duration=activity["view_duration"],
        view_segment=activity["view_segment"],
        rating=activity["rating"],
        recommendation=_recommendation(activity),
    )


def _recommendation(activity: Mapping[str, Any]) -> Recommendation | None:
    recommendation_id = activity["recommendation_id"]
    if recommendation_id is None:
        return None
    return Recommendation(
        recommendation_id,
        activity["recommendation_source"],
        activity["recommendation_algorithm"],
        activity["recommendation_position"],
        activity["thumbs"],
    )


def compound_key(*parts: str) -> str:
    """The key of a row that several ids name together: their JSON array, compact."""
    return orjson.dumps(parts).decode()


def ids_of(key: str) -> tuple[str, ...]:
    """The ids in a compound key."""
    return tuple(orjson.loads(key))
