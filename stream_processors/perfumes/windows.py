"""Figures over a window of time, as functions of hour or day buckets and a moment.

A bucket is a whole UTC hour or day by its number since 1970. Moments are epoch milliseconds. Buckets that the
newest event has left behind are dropped: what it drops now would be dropped in any order of arrival.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

TRENDING_HOURS: Final = 14 * 24
HALF_LIFE_HOURS: Final = 48
VIEW_DAYS: Final = 30

WEIGHTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "PERFUME_VIEW": 1,
        "IMAGE_VIEWED": 1,
        "IMAGE_ZOOMED": 1,
        "NOTES_EXPANDED": 1,
        "SEARCH_RESULT_CLICKED": 2,
        "WISHLIST_ADD": 5,
        "RATING_COMPLETED": 6,
        "COLLECTION_ADD": 8,
        "REVIEW_SUBMITTED": 8,
    }
)
"""What an event adds to the trending score while it is fresh; other types add nothing."""

_LARGEST_EXPONENT: Final = 1_023.0

_DECAY: Final = tuple(0.5 ** (age / HALF_LIFE_HOURS) for age in range(TRENDING_HOURS))


def add(buckets: dict[int, int], bucket: int, amount: int, newest: int, span: int) -> None:
    """Add to a bucket, unless it lies outside the `span` buckets that end with `newest`."""
    if bucket > newest - span:
        buckets[bucket] = buckets.get(bucket, 0) + amount


def prune(buckets: dict[int, int], newest: int, span: int) -> None:
    """Drop what lies before the `span` buckets that end with `newest`."""
    for bucket in [bucket for bucket in buckets if bucket <= newest - span]:
        del buckets[bucket]


def trending_score(hours: Mapping[int, int], moment: int) -> float:
    """Sum over the last 14 days' hours of weight * 0.5^(age / 48), age in whole hours at the moment.

    The sum is exactly rounded, so that it is the same for any order of the buckets.
    """
    now = moment // HOUR_MS
    return math.fsum(
        weight * _DECAY[now - hour] for hour, weight in hours.items() if 0 <= now - hour < TRENDING_HOURS
    )


def trending_rank(hours: Mapping[int, int]) -> float:
    """What perfumes can be ordered by once and for all: the binary logarithm of a score that nothing leaves.

    From hour to hour all scores shrink alike, so their order stays. The score at an hour h is at most
    2^(rank - h / 48); it is less only by what has passed 14 days. Without any hours: minus infinity.
    """
    if not hours:
        return -math.inf
    newest = max(hours)
    fresh = math.fsum(weight * 0.5 ** ((newest - hour) / HALF_LIFE_HOURS) for hour, weight in hours.items())
    return newest / HALF_LIFE_HOURS + math.log2(fresh)


def leaves_at(hours: Mapping[int, int]) -> int | None:
    """When the oldest bucket leaves the 14 days (epoch ms); None: there is none."""
    return (min(hours) + TRENDING_HOURS) * HOUR_MS if hours else None


def within(hours: Mapping[int, int], moment: int) -> dict[int, int]:
    """The buckets that lie within the 14 days up to a moment."""
    oldest = moment // HOUR_MS - TRENDING_HOURS
    return {hour: weight for hour, weight in hours.items() if hour > oldest}


def score_bound(rank: float, moment: int) -> float:
    """The most that the trending score of a perfume with this rank can be at a moment (epoch ms).

    Whatever hours lie ahead of the moment: beyond what a float can hold it is as good as infinite.
    """
    return math.exp2(min(rank - moment // HOUR_MS / HALF_LIFE_HOURS, _LARGEST_EXPONENT))


def views_in(days: Mapping[int, int], moment: int, span: int) -> int:
    """Views on the moment's UTC day and the days before it, `span` in all."""
    today = moment // DAY_MS
    return sum(views for day, views in days.items() if 0 <= today - day < span)
