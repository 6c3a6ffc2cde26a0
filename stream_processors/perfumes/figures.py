"""A perfume row as the figures the world sees: the value of the `perfume-stats` topic and of a live read.

Numbers with a fraction are worked out here and kept nowhere: one division each, or one exactly rounded sum.
"""

from typing import Any

from stream_processors.perfumes import windows
from stream_processors.perfumes.row import COUNTED_AS, PerfumeRow


def figures(perfume_id: str, row: PerfumeRow, generation: int) -> dict[str, Any]:
    """The PerfumeStats record (schemas/avro/perfume_stats.avsc) of a row with at least one event.

    Times in epoch ms; figures over a window as of the newest event. Raises ValueError for a row without
    events: it has no such moment.
    """
    as_of = _as_of(row)
    counts = {figure: row.counts.get(figure, 0) for figure in COUNTED_AS.values()}
    return {
        "perfume_id": perfume_id,
        "generation": generation,
        "revision": row.events,
        "as_of": as_of,
        **counts,
        "unique_viewers": row.viewers.estimate(),
        "avg_view_duration": _ratio(row.view_ms, row.timed_views),
        "last_viewed_at": row.last_viewed_at,
        "total_ratings": row.raters,
        "avg_rating": _ratio(row.rating_sum, 100 * row.rating_values),
        "in_wishlist_count": row.in_wishlists,
        "in_collection_count": row.in_collections,
        "search_ctr": _ratio(counts["search_clicks"], counts["search_impressions"]),
        "recommendation_ctr": _ratio(counts["recommendation_clicks"], counts["recommendation_impressions"]),
        **windowed_at(row, as_of),
        "hours": [{"hour": hour, "weight": weight} for hour, weight in sorted(row.hours.items())],
        "days": [{"day": day, "views": views} for day, views in sorted(row.days.items())],
    }


def windowed_at(row: PerfumeRow, moment: int) -> dict[str, Any]:
    """The three figures over a window, at a moment (epoch ms).

    The row has forgotten what they were before its newest event: an earlier moment counts as that one.
    """
    moment = max(moment, _as_of(row))
    return {
        "views_last_7_days": windows.views_in(row.days, moment, 7),
        "views_last_30_days": windows.views_in(row.days, moment, windows.VIEW_DAYS),
        "trending_score": windows.trending_score(row.hours, moment),
    }


def _as_of(row: PerfumeRow) -> int:
    if row.as_of is None:
        raise ValueError("the perfume has no events yet")
    return row.as_of


def _ratio(amount: int, of: int) -> float | None:
    return amount / of if of else None
