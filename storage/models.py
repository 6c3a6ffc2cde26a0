"""The tables. What each column means and who writes it: docs/data-dictionary.md.

The migrations are the authority on how a table comes about, these models on what it looks like now; a test
compares the two on a real server.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Text without a length, times with a zone, integers of 64 bits unless said otherwise."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        list[str]: ARRAY(Text()),
        list[dict[str, int]]: JSONB(),
        dict[str, object]: JSONB(),
    }


class InteractionEvent(Base):
    """One event as received, bots included. One row an event, however often it was sent.

    Partitioned by day of `occurred_at` (UTC). The primary key begins with the event's identity, so that it
    also answers "is this event here already?"; it ends with the partition column because PostgreSQL wants
    every unique key of a partitioned table to hold it.
    """

    __tablename__ = "interaction_events"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    event_type: Mapped[str]
    event_category: Mapped[str]
    time_source: Mapped[str]
    client_time: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    user_id: Mapped[str | None]
    visitor_id: Mapped[str | None]
    tab_id: Mapped[str | None]
    seq: Mapped[int | None]
    path: Mapped[str]
    referrer: Mapped[str | None]
    perfume_id: Mapped[str | None]
    house_id: Mapped[str | None]
    note_id: Mapped[str | None]
    duration: Mapped[int | None]
    value: Mapped[float | None]
    event_data: Mapped[dict[str, object] | None]
    device_type: Mapped[str]
    browser: Mapped[str]
    os: Mapped[str]
    user_agent: Mapped[str | None]
    is_bot: Mapped[bool]
    bot_suspect: Mapped[bool]
    source: Mapped[str]
    sdk: Mapped[str | None]
    context: Mapped[dict[str, object] | None]
    consent: Mapped[str | None]
    truncated: Mapped[list[str]]
    gateway_boot: Mapped[str]
    receipt: Mapped[int]
    kafka_partition: Mapped[int] = mapped_column(Integer)
    kafka_offset: Mapped[int]

    __table_args__ = (
        Index(
            "ix_interaction_events_user_id_occurred_at",
            "user_id",
            "occurred_at",
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        Index("ix_interaction_events_session_id_occurred_at", "session_id", "occurred_at"),
        Index("ix_interaction_events_event_type_occurred_at", "event_type", "occurred_at"),
        Index(
            "ix_interaction_events_perfume_id_occurred_at",
            "perfume_id",
            "occurred_at",
            postgresql_where=text("perfume_id IS NOT NULL"),
        ),
        Index(
            "ix_interaction_events_user_id_event_type_occurred_at",
            "user_id",
            "event_type",
            "occurred_at",
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )


def is_event_partition(table: str) -> bool:
    """Whether a table is a part of interaction_events: made by `ensure_event_partitions`, not modelled."""
    return table.startswith("interaction_events_")


class UserSession(Base):
    """The published figures of one session: the row with the highest (generation, revision)."""

    __tablename__ = "user_sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int]
    user_id: Mapped[str | None]
    visitor_id: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    duration: Mapped[int]
    closed: Mapped[bool]
    events: Mapped[int]
    page_views: Mapped[int]
    perfumes_viewed: Mapped[int]
    perfume_ids: Mapped[list[str]]
    interactions: Mapped[int]
    searches: Mapped[int]
    added_to_wishlist: Mapped[bool]
    added_to_collection: Mapped[bool]
    completed_rating: Mapped[bool]
    completed_review: Mapped[bool]
    bounced: Mapped[bool]
    entry_page: Mapped[str]
    exit_page: Mapped[str]
    referrer: Mapped[str | None]
    device_type: Mapped[str]
    browser: Mapped[str]
    os: Mapped[str]

    __table_args__ = (
        Index("ix_user_sessions_user_id_started_at", "user_id", "started_at"),
        # An open session is updated often: room on its page keeps the updates off the indexes.
        {"postgresql_with": {"fillfactor": 70}},
    )


class PerfumeInteractionStats(Base):
    """The published figures of one perfume: the row with the highest (generation, revision)."""

    __tablename__ = "perfume_interaction_stats"

    perfume_id: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int]
    as_of: Mapped[datetime]
    total_views: Mapped[int]
    unique_viewers: Mapped[int]
    avg_view_duration: Mapped[float | None]
    last_viewed_at: Mapped[datetime | None]
    total_ratings: Mapped[int]
    avg_rating: Mapped[float | None]
    total_reviews: Mapped[int]
    in_wishlist_count: Mapped[int]
    in_collection_count: Mapped[int]
    search_impressions: Mapped[int]
    search_clicks: Mapped[int]
    search_ctr: Mapped[float | None]
    recommendation_impressions: Mapped[int]
    recommendation_clicks: Mapped[int]
    recommendation_ctr: Mapped[float | None]
    trade_inquiries: Mapped[int]
    trades_completed: Mapped[int]
    views_last_7_days: Mapped[int]
    views_last_30_days: Mapped[int]
    trending_score: Mapped[float]
    hours: Mapped[list[dict[str, int]]]
    days: Mapped[list[dict[str, int]]]

    __table_args__ = (
        Index("ix_perfume_interaction_stats_trending_score", "trending_score"),
        Index("ix_perfume_interaction_stats_total_views", "total_views"),
    )


class ViewerPerfumeState(Base):
    """What one viewer explicitly did about one perfume: the row with the highest (generation, revision)."""

    __tablename__ = "viewer_perfume_state"

    perfume_id: Mapped[str] = mapped_column(primary_key=True)
    viewer: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int]
    in_wishlist: Mapped[bool]
    wishlist_at: Mapped[datetime | None]
    in_collection: Mapped[bool]
    collection_at: Mapped[datetime | None]
    rating: Mapped[float | None]
    rated_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_viewer_perfume_state_viewer", "viewer"),)


class RecommendationFeedback(Base):
    """What became of one recommended perfume with one viewer: the highest (generation, revision)."""

    __tablename__ = "recommendation_feedback"

    recommendation_id: Mapped[str] = mapped_column(primary_key=True)
    viewer: Mapped[str] = mapped_column(primary_key=True)
    perfume_id: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int]
    source: Mapped[str | None]
    algorithm: Mapped[str | None]
    position: Mapped[int | None]
    viewed: Mapped[bool]
    clicked: Mapped[bool]
    added_to_wishlist: Mapped[bool]
    added_to_collection: Mapped[bool]
    rated: Mapped[bool]
    hidden: Mapped[bool]
    thumbs: Mapped[str | None]
    impression_at: Mapped[datetime | None]
    first_interaction_at: Mapped[datetime | None]


class SinkOffset(Base):
    """How far each Kafka partition is stored: moved in the transaction that stores the rows before it."""

    __tablename__ = "sink_offsets"

    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True)
    next_offset: Mapped[int]
