"""What the perfume agent publishes: figures of perfumes, what viewers did about them, and what became of
recommendations. Plain tables of one row a key, replaced by newer ones.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PERFUMES = """
CREATE TABLE perfume_interaction_stats (
    perfume_id                 text             PRIMARY KEY,
    generation                 integer          NOT NULL,
    revision                   bigint           NOT NULL,
    as_of                      timestamptz      NOT NULL,
    total_views                bigint           NOT NULL,
    unique_viewers             bigint           NOT NULL,
    avg_view_duration          double precision,
    last_viewed_at             timestamptz,
    total_ratings              bigint           NOT NULL,
    avg_rating                 double precision,
    total_reviews              bigint           NOT NULL,
    in_wishlist_count          bigint           NOT NULL,
    in_collection_count        bigint           NOT NULL,
    search_impressions         bigint           NOT NULL,
    search_clicks              bigint           NOT NULL,
    search_ctr                 double precision,
    recommendation_impressions bigint           NOT NULL,
    recommendation_clicks      bigint           NOT NULL,
    recommendation_ctr         double precision,
    trade_inquiries            bigint           NOT NULL,
    trades_completed           bigint           NOT NULL,
    views_last_7_days          bigint           NOT NULL,
    views_last_30_days         bigint           NOT NULL,
    trending_score             double precision NOT NULL,
    hours                      jsonb            NOT NULL,
    days                       jsonb            NOT NULL
);
CREATE INDEX ix_perfume_interaction_stats_trending_score ON perfume_interaction_stats (trending_score);
CREATE INDEX ix_perfume_interaction_stats_total_views ON perfume_interaction_stats (total_views)
"""

# The key begins with the perfume, so what one viewer did about all perfumes needs an index of its own.
AFFINITIES = """
CREATE TABLE viewer_perfume_state (
    perfume_id    text    NOT NULL,
    viewer        text    NOT NULL,
    generation    integer NOT NULL,
    revision      bigint  NOT NULL,
    in_wishlist   boolean NOT NULL,
    wishlist_at   timestamptz,
    in_collection boolean NOT NULL,
    collection_at timestamptz,
    rating        double precision,
    rated_at      timestamptz,
    PRIMARY KEY (perfume_id, viewer)
);
CREATE INDEX ix_viewer_perfume_state_viewer ON viewer_perfume_state (viewer)
"""

FEEDBACK = """
CREATE TABLE recommendation_feedback (
    recommendation_id    text    NOT NULL,
    viewer               text    NOT NULL,
    perfume_id           text    NOT NULL,
    generation           integer NOT NULL,
    revision             bigint  NOT NULL,
    source               text,
    algorithm            text,
    position             bigint,
    viewed               boolean NOT NULL,
    clicked              boolean NOT NULL,
    added_to_wishlist    boolean NOT NULL,
    added_to_collection  boolean NOT NULL,
    rated                boolean NOT NULL,
    hidden               boolean NOT NULL,
    thumbs               text,
    impression_at        timestamptz,
    first_interaction_at timestamptz,
    PRIMARY KEY (recommendation_id, viewer, perfume_id)
)
"""

# By the end of the name: a namespace may stand before it.
FORGET_OFFSETS = """
DELETE FROM sink_offsets
WHERE topic LIKE ANY (ARRAY['%perfume-stats', '%affinities', '%recommendation-feedback'])
"""


def upgrade() -> None:
    """Make the tables. The sink fills them from the beginning of their topics."""
    for statement in (PERFUMES, AFFINITIES, FEEDBACK):
        op.execute(statement)


def downgrade() -> None:
    """Drop them, data included, and how far their topics were stored: after an upgrade all comes again."""
    for table in ("perfume_interaction_stats", "viewer_perfume_state", "recommendation_feedback"):
        op.execute(f"DROP TABLE {table}")
    op.execute(FORGET_OFFSETS)
