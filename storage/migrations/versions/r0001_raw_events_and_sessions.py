"""Raw events by day, session figures, and how far the sink has stored each Kafka partition.

Partitions of `interaction_events` are made by the function `ensure_event_partitions(first, last)`: here for
the days around now, later by the sink for the days its events need. A day without a partition goes to the
DEFAULT one; when its own is made, its rows move over.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EVENTS = """
CREATE TABLE interaction_events (
    session_id      text             NOT NULL,
    event_id        uuid             NOT NULL,
    occurred_at     timestamptz      NOT NULL,
    event_type      text             NOT NULL,
    event_category  text             NOT NULL,
    time_source     text             NOT NULL,
    client_time     timestamptz,
    sent_at         timestamptz,
    received_at     timestamptz      NOT NULL,
    user_id         text,
    visitor_id      text,
    tab_id          text,
    seq             bigint,
    path            text             NOT NULL,
    referrer        text,
    perfume_id      text,
    house_id        text,
    note_id         text,
    duration        bigint,
    value           double precision,
    event_data      jsonb,
    device_type     text             NOT NULL,
    browser         text             NOT NULL,
    os              text             NOT NULL,
    user_agent      text,
    is_bot          boolean          NOT NULL,
    bot_suspect     boolean          NOT NULL,
    source          text             NOT NULL,
    sdk             text,
    context         jsonb,
    consent         text,
    truncated       text[]           NOT NULL,
    gateway_boot    text             NOT NULL,
    receipt         bigint           NOT NULL,
    kafka_partition integer          NOT NULL,
    kafka_offset    bigint           NOT NULL,
    PRIMARY KEY (session_id, event_id, occurred_at)
) PARTITION BY RANGE (occurred_at)
"""

# Most visitors are not logged in and many events concern no perfume: those rows need no entry there.
EVENT_INDEXES = """
CREATE INDEX ix_interaction_events_user_id_occurred_at
    ON interaction_events (user_id, occurred_at) WHERE user_id IS NOT NULL;
CREATE INDEX ix_interaction_events_session_id_occurred_at
    ON interaction_events (session_id, occurred_at);
CREATE INDEX ix_interaction_events_event_type_occurred_at
    ON interaction_events (event_type, occurred_at);
CREATE INDEX ix_interaction_events_perfume_id_occurred_at
    ON interaction_events (perfume_id, occurred_at) WHERE perfume_id IS NOT NULL;
CREATE INDEX ix_interaction_events_user_id_event_type_occurred_at
    ON interaction_events (user_id, event_type, occurred_at) WHERE user_id IS NOT NULL;
CREATE TABLE interaction_events_default PARTITION OF interaction_events DEFAULT
"""

# Attached rather than created in place: ATTACH lets readers and writers of the other days go on.
ENSURE_PARTITIONS = """
CREATE FUNCTION ensure_event_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    day date := first_day;
    made integer := 0;
    child text;
    since timestamptz;
    until timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_event_partitions'));
    WHILE day <= last_day LOOP
        child := 'interaction_events_' || to_char(day, 'YYYYMMDD');
        since := day::timestamp AT TIME ZONE 'UTC';
        until := (day + 1)::timestamp AT TIME ZONE 'UTC';
        IF to_regclass(child) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE interaction_events INCLUDING ALL)', child);
            EXECUTE format(
                'WITH moved AS (DELETE FROM interaction_events_default'
                ' WHERE occurred_at >= %L AND occurred_at < %L RETURNING *)'
                ' INSERT INTO %I SELECT * FROM moved', since, until, child);
            EXECUTE format(
                'ALTER TABLE interaction_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                child, since, until);
            made := made + 1;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN made;
END
$$
"""

TODAY = "(now() AT TIME ZONE 'UTC')::date"
DAYS_AROUND_NOW = f"SELECT ensure_event_partitions({TODAY} - 4, {TODAY} + 7)"

SESSIONS = """
CREATE TABLE user_sessions (
    session_id          text        PRIMARY KEY,
    generation          integer     NOT NULL,
    revision            bigint      NOT NULL,
    user_id             text,
    visitor_id          text,
    started_at          timestamptz NOT NULL,
    ended_at            timestamptz NOT NULL,
    duration            bigint      NOT NULL,
    closed              boolean     NOT NULL,
    events              bigint      NOT NULL,
    page_views          bigint      NOT NULL,
    perfumes_viewed     bigint      NOT NULL,
    perfume_ids         text[]      NOT NULL,
    interactions        bigint      NOT NULL,
    searches            bigint      NOT NULL,
    added_to_wishlist   boolean     NOT NULL,
    added_to_collection boolean     NOT NULL,
    completed_rating    boolean     NOT NULL,
    completed_review    boolean     NOT NULL,
    bounced             boolean     NOT NULL,
    entry_page          text        NOT NULL,
    exit_page           text        NOT NULL,
    referrer            text,
    device_type         text        NOT NULL,
    browser             text        NOT NULL,
    os                  text        NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ix_user_sessions_user_id_started_at ON user_sessions (user_id, started_at)
"""

OFFSETS = """
CREATE TABLE sink_offsets (
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL,
    PRIMARY KEY (topic, partition)
)
"""


def upgrade() -> None:
    """Make everything; the days around now get their partitions at once."""
    for statement in (EVENTS, EVENT_INDEXES, ENSURE_PARTITIONS, DAYS_AROUND_NOW, SESSIONS, OFFSETS):
        op.execute(statement)


def downgrade() -> None:
    """Drop everything, data included."""
    for table in ("interaction_events", "user_sessions", "sink_offsets"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION ensure_event_partitions(date, date)")
