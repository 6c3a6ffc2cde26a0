"""What trends now, as the live table tells it, beside a recount of the stored events."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from typing import Final

import httpx
import psycopg

SHOWN: Final = 10
HOUR_MS: Final = 3_600_000

RECOUNT = """
    WITH weighed AS (
        SELECT
            perfume_id,
            floor(extract(epoch FROM occurred_at) / 3600)::bigint AS hour,
            CASE event_type
                WHEN 'SEARCH_RESULT_CLICKED' THEN 2
                WHEN 'WISHLIST_ADD' THEN 5
                WHEN 'RATING_COMPLETED' THEN 6
                WHEN 'COLLECTION_ADD' THEN 8
                WHEN 'REVIEW_SUBMITTED' THEN 8
                ELSE 1
            END AS weight
        FROM interaction_events
        WHERE perfume_id IS NOT NULL AND NOT is_bot AND event_type IN (
            'PERFUME_VIEW', 'IMAGE_VIEWED', 'IMAGE_ZOOMED', 'NOTES_EXPANDED', 'SEARCH_RESULT_CLICKED',
            'WISHLIST_ADD', 'RATING_COMPLETED', 'COLLECTION_ADD', 'REVIEW_SUBMITTED'
        )
    )
    SELECT perfume_id, sum(weight * 0.5::double precision ^ ((%(hour)s - hour) / 48.0)) AS score
    FROM weighed WHERE %(hour)s - hour BETWEEN 0 AND 335
    GROUP BY perfume_id ORDER BY score DESC, perfume_id
"""


@dataclass(frozen=True, slots=True)
class Trend:
    """A perfume's score as told live, and as recounted (None: it has none)."""

    perfume_id: str
    live: float
    recounted: float | None

    @property
    def agrees(self) -> bool:
        return self.recounted is not None and isclose(self.live, self.recounted, rel_tol=1e-9)


@dataclass(frozen=True, slots=True)
class Trending:
    """The first few, best first. `complete`: the recount finds no better ones."""

    first: tuple[Trend, ...] = ()
    complete: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the live table tells the right perfumes with the right scores."""
        return self.complete and bool(self.first) and all(trend.agrees for trend in self.first)


def trending(
    live: httpx.Client, database: psycopg.Connection, clock: Callable[[], float] = time.time
) -> Trending:
    """Ask and recount. Scores are those of the hour: just when it ends the two may be an hour apart."""
    try:
        answer = live.get("/live/trending", params={"limit": SHOWN})
    except httpx.TransportError:
        return Trending()  # a worker that is just being restarted
    if answer.status_code != httpx.codes.OK:
        return Trending()
    hour = int(clock() * 1_000) // HOUR_MS
    recount: dict[str, float] = dict(database.execute(RECOUNT, {"hour": hour}).fetchall())
    told = answer.json()["perfumes"]
    first = tuple(
        Trend(row["perfume_id"], row["trending_score"], recount.get(row["perfume_id"])) for row in told
    )
    best = list(recount.values())[:SHOWN]
    complete = len(best) == len(first) and all(
        isclose(trend.live, score, rel_tol=1e-9) for trend, score in zip(first, best, strict=True)
    )
    return Trending(first, complete)
