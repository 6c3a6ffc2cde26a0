"""What is audited: each kind of row, its key, its figures, and how closely each must agree."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.limits import SESSION_TIMEOUT_MS
from schemas.topics import (
    AFFINITIES,
    PERFUME_STATS,
    RECOMMENDATION_FEEDBACK,
    RETENTION_MS,
    SESSIONS,
    Topic,
)


class Place(StrEnum):
    """Where rows are found."""

    TOPIC = "topic"
    POSTGRESQL = "postgresql"


EXACT: Final = "{e} IS DISTINCT FROM {f}"

CLOSE: Final = "({e} IS NULL) <> ({f} IS NULL) OR abs({e} - {f}) > 1e-9 * greatest(1, abs({e}))"
"""A quotient or a sum of doubles: the last bits depend on who adds up."""

ESTIMATE: Final = "abs({e} - {f}) > CASE WHEN {e} <= 100 THEN 0 ELSE greatest(1, 0.02 * {e}) END"
"""A count by the sketch: exact while it is small, then within 2 %."""

NOW_MS: Final = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint"


@dataclass(frozen=True, slots=True)
class Figure:
    """One column. `expected` is what it must be, in SQL on e (recomputed) and f (found)."""

    name: str
    type: str
    differs: str = EXACT
    expected: str = ""
    is_time: bool = False
    """Epoch ms in Kafka and in the audit's own tables, a timestamptz in PostgreSQL's."""

    @property
    def wanted(self) -> str:
        """The SQL of the expected value."""
        return self.expected or f"e.{self.name}"

    @property
    def condition(self) -> str:
        """SQL: whether expected and found value differ."""
        return self.differs.format(e=f"({self.wanted})", f=f"f.{self.name}")


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of row. `key` columns in the order of its Kafka key.

    narrowed_by: the key column by which an audit is narrowed to some rows.
    recomputed: columns that only the recomputed rows have.
    may_be_gone: SQL on e: whether the topic may have let go of the row by now.
    """

    name: str
    topic: Topic
    table: str
    key: tuple[str, ...]
    narrowed_by: str
    figures: tuple[Figure, ...]
    recomputed: dict[str, str]
    may_be_gone: str = "false"

    @property
    def columns(self) -> dict[str, str]:
        """Columns of a row, key first, and their types in the audit's own tables."""
        return dict.fromkeys(self.key, "text") | {figure.name: figure.type for figure in self.figures}


def _counts(*names: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, "bigint") for name in names)


def _texts(*names: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, "text") for name in names)


def _flags(*names: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, "boolean") for name in names)


def _times(*names: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, "bigint", is_time=True) for name in names)


def _doubles(*names: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, "double precision", CLOSE) for name in names)


_IDLE = f"e.last_received + {SESSION_TIMEOUT_MS} < {NOW_MS}"

SESSION_ROWS: Final = Subject(
    "sessions",
    SESSIONS,
    "user_sessions",
    ("session_id",),
    "session_id",
    (
        # Whether time has closed a session is no matter of its events: closed needs idle, and shows in
        # the revision.
        Figure("revision", "bigint", expected="2 * e.events + f.closed::integer"),
        Figure("closed", "boolean", expected=f"f.closed AND {_IDLE}"),
        *_texts("user_id", "visitor_id"),
        *_times("started_at", "ended_at"),
        *_counts("duration", "events", "page_views", "perfumes_viewed"),
        Figure("perfume_ids", "text[]"),
        *_counts("interactions", "searches"),
        *_flags(
            "added_to_wishlist", "added_to_collection", "completed_rating", "completed_review", "bounced"
        ),
        *_texts("entry_page", "exit_page", "referrer", "device_type", "browser", "os"),
    ),
    recomputed={"last_received": "bigint"},
    may_be_gone=f"e.last_received + {RETENTION_MS} < {NOW_MS}",
)

PERFUME_ROWS: Final = Subject(
    "perfumes",
    PERFUME_STATS,
    "perfume_interaction_stats",
    ("perfume_id",),
    "perfume_id",
    (
        *_counts("revision"),
        *_times("as_of"),
        *_counts("total_views"),
        Figure("unique_viewers", "bigint", ESTIMATE),
        *_doubles("avg_view_duration"),
        *_times("last_viewed_at"),
        *_counts("total_ratings"),
        *_doubles("avg_rating"),
        *_counts("total_reviews", "in_wishlist_count", "in_collection_count"),
        *_counts("search_impressions", "search_clicks"),
        *_doubles("search_ctr"),
        *_counts("recommendation_impressions", "recommendation_clicks"),
        *_doubles("recommendation_ctr"),
        *_counts("trade_inquiries", "trades_completed", "views_last_7_days", "views_last_30_days"),
        *_doubles("trending_score"),
        Figure("hours", "jsonb"),
        Figure("days", "jsonb"),
    ),
    recomputed={},
)

AFFINITY_ROWS: Final = Subject(
    "affinities",
    AFFINITIES,
    "viewer_perfume_state",
    ("perfume_id", "viewer"),
    "perfume_id",
    (
        *_counts("revision"),
        *_flags("in_wishlist"),
        *_times("wishlist_at"),
        *_flags("in_collection"),
        *_times("collection_at"),
        *_doubles("rating"),
        *_times("rated_at"),
    ),
    recomputed={},
)

FEEDBACK_ROWS: Final = Subject(
    "feedback",
    RECOMMENDATION_FEEDBACK,
    "recommendation_feedback",
    ("recommendation_id", "viewer", "perfume_id"),
    "perfume_id",
    (
        *_counts("revision"),
        *_texts("source", "algorithm"),
        *_counts("position"),
        *_flags("viewed", "clicked", "added_to_wishlist", "added_to_collection", "rated", "hidden"),
        *_texts("thumbs"),
        *_times("impression_at", "first_interaction_at"),
    ),
    recomputed={},
)

SUBJECTS: Final = (SESSION_ROWS, PERFUME_ROWS, AFFINITY_ROWS, FEEDBACK_ROWS)
