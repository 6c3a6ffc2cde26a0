"""The state behind one perfume's figures, and its bytes in the changelog.

Everything kept is a count, a maximum, a sketch or a bucket, so that the same events give the same figures in
whatever order they come. Who wants, owns or rated it is not kept here: the affinities know, and tell what
changes (reducer.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from stream_processors.perfumes import windows
from stream_processors.perfumes.packing import RowFormat, first_of
from stream_processors.perfumes.viewers import Viewers

COUNTED_AS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PERFUME_VIEW": "total_views",
        "REVIEW_SUBMITTED": "total_reviews",
        "SEARCH_PERFORMED": "search_impressions",
        "SEARCH_RESULT_CLICKED": "search_clicks",
        "RECOMMENDATION_SHOWN": "recommendation_impressions",
        "RECOMMENDATION_CLICKED": "recommendation_clicks",
        "TRADE_INQUIRY": "trade_inquiries",
        "TRADE_ACCEPTED": "trades_completed",
    }
)
"""The figures that are plain counts of one event type. Their order is that of the packed row."""


@dataclass(slots=True)
class PerfumeRow:
    """What the events of one perfume amount to. `events` = 0 only before the first is folded in."""

    events: int = 0
    as_of: int | None = None
    """Epoch ms of the newest event."""
    counts: dict[str, int] = field(default_factory=dict)
    """By figure, of COUNTED_AS."""
    viewers: Viewers = field(default_factory=Viewers)
    last_viewed_at: int | None = None
    view_ms: int = 0
    timed_views: int = 0
    raters: int = 0
    rating_values: int = 0
    """Raters whose rating has a value."""
    rating_sum: int = 0
    """Over those, in hundredths of a point."""
    in_wishlists: int = 0
    in_collections: int = 0
    hours: dict[int, int] = field(default_factory=dict)
    """Trending weight by UTC hour since 1970, of the 14 days up to `as_of`."""
    days: dict[int, int] = field(default_factory=dict)
    """Views by UTC day since 1970, of the 30 days up to `as_of`."""


def _body(row: PerfumeRow) -> list[Any]:
    return [
        row.as_of,
        row.hours,
        [row.counts.get(figure, 0) for figure in COUNTED_AS.values()],
        row.viewers.to_bytes(),
        row.last_viewed_at,
        str(row.view_ms),  # a few absurd durations pass 64 bits
        row.timed_views,
        row.raters,
        row.rating_values,
        row.rating_sum,
        row.in_wishlists,
        row.in_collections,
        row.days,
    ]


def _restore(events: int, body: list[Any]) -> PerfumeRow:
    as_of, hours, counts, viewers, last_viewed_at, view_ms, *rest, days = body
    values: list[Any] = [
        events,
        as_of,
        {figure: count for figure, count in zip(COUNTED_AS.values(), counts, strict=True) if count},
        Viewers.from_bytes(viewers),
        last_viewed_at,
        int(view_ms),
        *rest,
        hours,
        days,
    ]
    return PerfumeRow(*values)


def _rank(row: PerfumeRow) -> float:
    return windows.trending_rank(row.hours)


def _due(row: PerfumeRow) -> int:
    return windows.leaves_at(row.hours) or 0


PERFUME_ROW: Final = RowFormat("perfume-stats", 2, _body, _restore, _rank, _due)


class Trend(NamedTuple):
    """What of a row its trending score depends on."""

    as_of: int
    hours: Mapping[int, int]

    def score_at(self, moment: int) -> float:
        """The trending score at a moment (epoch ms), or at the newest event if that is later."""
        return windows.trending_score(self.hours, max(moment, self.as_of))


def trend_of(packed: bytes) -> Trend:
    """The same of packed bytes, several times faster than unpacking the whole row."""
    return Trend(*first_of(packed, fields=2))
