"""Rows as the agents publish them, with every field set: what tests of their readers start from.

Times are epoch ms, as the project's own codec gives and takes them.
"""

from typing import Any

AT = 1_700_000_000_000
"""2023-11-14T22:13:20Z."""

HOUR, DAY = AT // 3_600_000, AT // 86_400_000


def session(
    session_id: str = "s-1", revision: int = 2, generation: int = 0, **changes: Any
) -> dict[str, Any]:
    """A Session of one event."""
    return {
        "session_id": session_id,
        "generation": generation,
        "revision": revision,
        "user_id": "u-1",
        "visitor_id": "v-1",
        "started_at": AT,
        "ended_at": AT + 1_000,
        "duration": 1,
        "closed": False,
        "events": 1,
        "page_views": 1,
        "perfumes_viewed": 1,
        "perfume_ids": ["vetiver"],
        "interactions": 0,
        "searches": 0,
        "added_to_wishlist": False,
        "added_to_collection": False,
        "completed_rating": False,
        "completed_review": False,
        "bounced": True,
        "entry_page": "/",
        "exit_page": "/perfumes/vetiver",
        "referrer": "https://example.org/",
        "device_type": "desktop",
        "browser": "Firefox",
        "os": "Linux",
    } | changes


def perfume_stats(
    perfume_id: str = "vetiver", revision: int = 9, generation: int = 0, **changes: Any
) -> dict[str, Any]:
    """PerfumeStats of nine events over two days."""
    return {
        "perfume_id": perfume_id,
        "generation": generation,
        "revision": revision,
        "as_of": AT,
        "total_views": 3,
        "unique_viewers": 2,
        "avg_view_duration": 1_250.5,
        "last_viewed_at": AT - 1,
        "total_ratings": 2,
        "avg_rating": 4.25,
        "total_reviews": 1,
        "in_wishlist_count": 1,
        "in_collection_count": 2,
        "search_impressions": 8,
        "search_clicks": 2,
        "search_ctr": 0.25,
        "recommendation_impressions": 4,
        "recommendation_clicks": 1,
        "recommendation_ctr": 0.25,
        "trade_inquiries": 1,
        "trades_completed": 1,
        "views_last_7_days": 3,
        "views_last_30_days": 3,
        "trending_score": 12.625,
        "hours": [{"hour": HOUR - 24, "weight": 5}, {"hour": HOUR, "weight": 9}],
        "days": [{"day": DAY - 1, "views": 1}, {"day": DAY, "views": 2}],
    } | changes


def affinity(
    perfume_id: str = "vetiver", revision: int = 4, generation: int = 0, **changes: Any
) -> dict[str, Any]:
    """An Affinity of four acts."""
    return {
        "perfume_id": perfume_id,
        "viewer": "u:u-1",
        "generation": generation,
        "revision": revision,
        "in_wishlist": False,
        "wishlist_at": AT,
        "in_collection": True,
        "collection_at": AT + 1,
        "rating": 4.25,
        "rated_at": AT + 2,
    } | changes


def feedback(
    recommendation_id: str = "r-1", revision: int = 5, generation: int = 0, **changes: Any
) -> dict[str, Any]:
    """RecommendationFeedback of five events."""
    return {
        "recommendation_id": recommendation_id,
        "viewer": "u:u-1",
        "perfume_id": "vetiver",
        "generation": generation,
        "revision": revision,
        "source": "homepage",
        "algorithm": "notes-2",
        "position": 3,
        "viewed": True,
        "clicked": True,
        "added_to_wishlist": True,
        "added_to_collection": False,
        "rated": True,
        "hidden": False,
        "thumbs": "up",
        "impression_at": AT,
        "first_interaction_at": AT + 1,
    } | changes
