"""Every perfume, affinity and feedback row, worked out from the list of all Interactions at once."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Event = Mapping[str, Any]

HOUR, DAY = 3_600_000, 86_400_000


def expected_perfumes(log: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Perfume id to its PerfumeStats row, from Interactions in log order; viewers counted exactly."""
    by_perfume = defaultdict(list)
    for event in _distinct(log):
        for perfume_id in _concerned(event):
            by_perfume[perfume_id].append(event)
    return {perfume_id: _perfume(perfume_id, events) for perfume_id, events in by_perfume.items()}


def expected_affinities(log: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Key (JSON text) to Affinity row."""
    by_pair = defaultdict(list)
    for event in _distinct(log):
        if event["perfume_id"] is not None and _is_act(event):
            by_pair[event["perfume_id"], _viewer(event)].append(event)
    return {_key(*pair): _affinity(*pair, events) for pair, events in by_pair.items()}


def expected_feedback(log: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Key (JSON text) to RecommendationFeedback row."""
    by_triple = defaultdict(list)
    for event in _distinct(log):
        data = _data(event)
        told = data.get("recommendationId") if event["event_type"] in CARRY_RECOMMENDATION else None
        perfume_id = data.get("targetPerfumeId") if _is(event, "SIMILAR_CLICKED") else event["perfume_id"]
        if told and perfume_id and event["perfume_id"] is not None:
            by_triple[told, _viewer(event), perfume_id].append(event)
    return {_key(*triple): _feedback(*triple, events) for triple, events in by_triple.items()}


CARRY_RECOMMENDATION = {
    "PERFUME_VIEW",
    "RATING_COMPLETED",
    "WISHLIST_ADD",
    "WISHLIST_REMOVE",
    "COLLECTION_ADD",
    "COLLECTION_UPDATE",
    "COLLECTION_REMOVE",
    "SIMILAR_CLICKED",
    "RECOMMENDATION_SHOWN",
    "RECOMMENDATION_CLICKED",
    "RECOMMENDATION_RATED",
    "RECOMMENDATION_HIDDEN",
}


def _distinct(log: Iterable[Event]) -> list[Event]:
    distinct: dict[tuple[str, str], Event] = {}
    for event in log:
        if not event["is_bot"]:
            distinct.setdefault((event["session_id"], event["event_id"]), event)
    return list(distinct.values())


def _concerned(event: Event) -> set[str]:
    if _is(event, "SEARCH_PERFORMED"):
        return set(_data(event).get("shown") or [])
    if event["perfume_id"] is None:
        return set()
    concerned = {event["perfume_id"]}
    data = _data(event)
    if _is(event, "SIMILAR_CLICKED") and data.get("recommendationId") and data.get("targetPerfumeId"):
        concerned.add(data["targetPerfumeId"])
    return concerned


def _perfume(perfume_id: str, events: list[Event]) -> dict[str, Any]:
    as_of = max(event["occurred_at"] for event in events)
    views = [event for event in events if _is(event, "PERFUME_VIEW")]
    return {
        "perfume_id": perfume_id,
        "generation": 0,
        "revision": len(events),
        "as_of": as_of,
        "unique_viewers": len({_viewer(event) for event in views}),
        "last_viewed_at": max((event["occurred_at"] for event in views), default=None),
        **_counts(Counter(event["event_type"] for event in events)),
        **_standing(perfume_id, events),
        **_time_spent(views, events),
        **_windows(views, events, as_of),
    }


def _counts(count: Counter[str]) -> dict[str, Any]:
    return {
        "total_views": count["PERFUME_VIEW"],
        "total_reviews": count["REVIEW_SUBMITTED"],
        "search_impressions": count["SEARCH_PERFORMED"],
        "search_clicks": count["SEARCH_RESULT_CLICKED"],
        "search_ctr": _per(count["SEARCH_RESULT_CLICKED"], count["SEARCH_PERFORMED"]),
        "recommendation_impressions": count["RECOMMENDATION_SHOWN"],
        "recommendation_clicks": count["RECOMMENDATION_CLICKED"],
        "recommendation_ctr": _per(count["RECOMMENDATION_CLICKED"], count["RECOMMENDATION_SHOWN"]),
        "trade_inquiries": count["TRADE_INQUIRY"],
        "trades_completed": count["TRADE_ACCEPTED"],
    }


def _standing(perfume_id: str, events: list[Event]) -> dict[str, Any]:
    affinities = [row for row in expected_affinities(events).values() if row["perfume_id"] == perfume_id]
    values = [round(100 * row["rating"]) for row in affinities if row["rating"] is not None]
    return {
        "total_ratings": sum(row["rated_at"] is not None for row in affinities),
        "avg_rating": sum(values) / (100 * len(values)) if values else None,
        "in_wishlist_count": sum(row["in_wishlist"] for row in affinities),
        "in_collection_count": sum(row["in_collection"] for row in affinities),
    }


def _time_spent(views: list[Event], events: list[Event]) -> dict[str, Any]:
    ends = [
        event
        for event in events
        if _is(event, "VIEW_ENDED")
        and _data(event)["viewType"] == "PERFUME_VIEW"
        and event["duration"] is not None
    ]
    durations = [event["duration"] for event in [*views, *ends] if event["duration"] is not None]
    timed = sum(event["duration"] is not None for event in views)
    timed += sum(_data(event)["segment"] == 1 for event in ends)
    return {"avg_view_duration": sum(durations) / timed if timed else None}


def _windows(views: list[Event], events: list[Event], as_of: int) -> dict[str, Any]:
    hours = _buckets(events, HOUR, as_of, 336, _weight)
    days = _buckets(views, DAY, as_of, 30, lambda _event: 1)
    today = as_of // DAY
    return {
        "views_last_7_days": sum(today - event["occurred_at"] // DAY < 7 for event in views),
        "views_last_30_days": sum(today - event["occurred_at"] // DAY < 30 for event in views),
        "trending_score": sum(
            weight / 2 ** ((as_of // HOUR - hour) / 48) for hour, weight in sorted(hours.items())
        ),
        "hours": [{"hour": hour, "weight": weight} for hour, weight in sorted(hours.items())],
        "days": [{"day": day, "views": number} for day, number in sorted(days.items())],
    }


def _weight(event: Event) -> int:
    return {
        "PERFUME_VIEW": 1,
        "IMAGE_VIEWED": 1,
        "IMAGE_ZOOMED": 1,
        "NOTES_EXPANDED": 1,
        "SEARCH_RESULT_CLICKED": 2,
        "WISHLIST_ADD": 5,
        "RATING_COMPLETED": 6,
        "COLLECTION_ADD": 8,
        "REVIEW_SUBMITTED": 8,
    }.get(event["event_type"], 0)


def _buckets(
    events: Iterable[Event], size: int, as_of: int, span: int, amount: Callable[[Event], int]
) -> dict[int, int]:
    buckets: dict[int, int] = defaultdict(int)
    for event in events:
        if amount(event) and as_of // size - event["occurred_at"] // size < span:
            buckets[event["occurred_at"] // size] += amount(event)
    return buckets


def _affinity(perfume_id: str, viewer: str, events: list[Event]) -> dict[str, Any]:
    wishlist = _last(events, ("WISHLIST_",), lambda event: _is(event, "WISHLIST_ADD"))
    collection = _last(events, ("COLLECTION_",), lambda event: not _is(event, "COLLECTION_REMOVE"))
    valued = [event for event in events if event["value"] is not None]
    rating = _last(valued, ("RATING_",), lambda event: round(100 * event["value"]))
    rated = _last(events, ("RATING_",), lambda _event: 0)
    return {
        "perfume_id": perfume_id,
        "viewer": viewer,
        "generation": 0,
        "revision": len(events),
        "in_wishlist": bool(wishlist and wishlist[1]),
        "wishlist_at": wishlist[0] if wishlist else None,
        "in_collection": bool(collection and collection[1]),
        "collection_at": collection[0] if collection else None,
        "rating": rating[1] / 100 if rating else None,
        "rated_at": rated[0] if rated else None,
    }


def _last(
    events: list[Event], prefix: tuple[str, ...], value: Callable[[Event], int]
) -> tuple[int, int] | None:
    told = [
        (event["occurred_at"], event["event_id"], value(event))
        for event in events
        if event["event_type"].startswith(prefix)
    ]
    return (max(told)[0], max(told)[2]) if told else None


def _feedback(recommendation_id: str, viewer: str, perfume_id: str, events: list[Event]) -> dict[str, Any]:
    types = {event["event_type"] for event in events}
    shown = [event["occurred_at"] for event in events if _is(event, "RECOMMENDATION_SHOWN")]
    other = [event["occurred_at"] for event in events if not _is(event, "RECOMMENDATION_SHOWN")]
    return {
        "recommendation_id": recommendation_id,
        "viewer": viewer,
        "perfume_id": perfume_id,
        "generation": 0,
        "revision": len(events),
        "source": min(_told(events, "source"), default=(None,))[-1],
        "algorithm": min(_told(events, "algorithm"), default=(None,))[-1],
        "position": min(_told(events, "position"), default=(None,))[-1],
        "viewed": "PERFUME_VIEW" in types,
        "clicked": bool(types & {"RECOMMENDATION_CLICKED", "SIMILAR_CLICKED"}),
        "added_to_wishlist": "WISHLIST_ADD" in types,
        "added_to_collection": "COLLECTION_ADD" in types,
        "rated": "RATING_COMPLETED" in types,
        "hidden": "RECOMMENDATION_HIDDEN" in types,
        "thumbs": max(_told(events, "thumbs"), default=(None,))[-1],
        "impression_at": min(shown, default=None),
        "first_interaction_at": min(other, default=None),
    }


def _told(events: list[Event], name: str) -> list[tuple[Any, ...]]:
    return [
        (event["occurred_at"], event["event_id"], _data(event)[name])
        for event in events
        if event["event_type"].startswith("RECOMMENDATION_") and _data(event).get(name) is not None
    ]


def _is_act(event: Event) -> bool:
    return event["event_type"].startswith(("WISHLIST_", "COLLECTION_ADD", "COLLECTION_UPDATE")) or event[
        "event_type"
    ] in ("COLLECTION_REMOVE", "RATING_COMPLETED", "RATING_UPDATED")


def _is(event: Event, event_type: str) -> bool:
    return bool(event["event_type"] == event_type)


def _data(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(event["event_data"] or "{}")
    return data


def _viewer(event: Event) -> str:
    for tag, name in (("u", "user_id"), ("v", "visitor_id"), ("s", "session_id")):
        if event[name] is not None:
            return f"{tag}:{event[name]}"
    raise ValueError("an event without a session")


def _key(*parts: str) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _per(clicks: int, impressions: int) -> float | None:
    return clicks / impressions if impressions else None
