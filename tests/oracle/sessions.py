"""Every session row, worked out from the list of all its events at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Event = Mapping[str, Any]


def expected_sessions(log: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Session id to its open Session row, from Interactions in log order (partition by partition)."""
    distinct: dict[tuple[str, str], Event] = {}
    for event in log:
        if not event["is_bot"]:
            distinct.setdefault((event["session_id"], event["event_id"]), event)
    by_session = defaultdict(list)
    for event in distinct.values():
        by_session[event["session_id"]].append(event)
    return {session_id: _session(session_id, events) for session_id, events in by_session.items()}


def _session(session_id: str, events: list[Event]) -> dict[str, Any]:
    ordered = sorted(events, key=lambda event: (event["occurred_at"], event["event_id"]))
    first, last = ordered[0], ordered[-1]
    types = {event["event_type"] for event in ordered}
    categories = [event["event_category"] for event in ordered]
    acts = sum(category in ("RATING", "REVIEW", "COLLECTION", "WISHLIST") for category in categories)
    viewed = {event["path"] for event in ordered if event["event_category"] == "VIEW"}
    perfumes = list(
        dict.fromkeys(event["perfume_id"] for event in ordered if event["perfume_id"] is not None)
    )
    return {
        "session_id": session_id,
        "generation": 0,
        "revision": 2 * len(ordered),
        "user_id": _first(ordered, "user_id"),
        "visitor_id": _first(ordered, "visitor_id"),
        "started_at": first["occurred_at"],
        "ended_at": last["occurred_at"],
        "duration": (last["occurred_at"] - first["occurred_at"]) // 1000,
        "closed": False,
        "events": len(ordered),
        "page_views": categories.count("VIEW"),
        "perfumes_viewed": len(perfumes),
        "perfume_ids": perfumes[-200:],
        "interactions": acts,
        "searches": sum(event["event_type"] == "SEARCH_PERFORMED" for event in ordered),
        "added_to_wishlist": "WISHLIST_ADD" in types,
        "added_to_collection": "COLLECTION_ADD" in types,
        "completed_rating": "RATING_COMPLETED" in types,
        "completed_review": "REVIEW_SUBMITTED" in types,
        "bounced": len(viewed) == 1 and acts == 0,
        "entry_page": first["path"],
        "exit_page": last["path"],
        "referrer": _first(ordered, "referrer"),
        "device_type": first["device_type"],
        "browser": first["browser"],
        "os": first["os"],
    }


def _first(ordered: list[Event], field: str) -> Any:
    return next((event[field] for event in ordered if event[field] is not None), None)
