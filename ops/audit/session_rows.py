"""SQL: session rows as the raw events have them. Definitions: `docs/figures.md`, section Session."""

from typing import Final

from schemas.limits import SESSION_PERFUME_IDS

# A UUID's order is that of its canonical text, by which ties are broken.
SESSIONS: Final = f"""
WITH event AS NOT MATERIALIZED (
    SELECT * FROM counted_events WHERE {{scope}}
), first_seen AS (
    SELECT DISTINCT ON (session_id, perfume_id) session_id, perfume_id, at, event_id
    FROM event WHERE perfume_id IS NOT NULL
    ORDER BY session_id, perfume_id, at, event_id
), perfume AS (
    SELECT session_id, array_agg(perfume_id ORDER BY at, event_id) AS ids
    FROM first_seen GROUP BY session_id
), session AS (
    SELECT
        session_id,
        count(*) AS events,
        min(at) AS started_at,
        max(at) AS ended_at,
        max(received_at) AS last_received,
        (array_agg(user_id ORDER BY at, event_id) FILTER (WHERE user_id IS NOT NULL))[1] AS user_id,
        (array_agg(visitor_id ORDER BY at, event_id) FILTER (WHERE visitor_id IS NOT NULL))[1] AS visitor_id,
        (array_agg(referrer ORDER BY at, event_id) FILTER (WHERE referrer IS NOT NULL))[1] AS referrer,
        (array_agg(path ORDER BY at, event_id))[1] AS entry_page,
        (array_agg(path ORDER BY at, event_id))[count(*)] AS exit_page,
        (array_agg(device_type ORDER BY at, event_id))[1] AS device_type,
        (array_agg(browser ORDER BY at, event_id))[1] AS browser,
        (array_agg(os ORDER BY at, event_id))[1] AS os,
        count(*) FILTER (WHERE event_category = 'VIEW') AS page_views,
        count(DISTINCT path) FILTER (WHERE event_category = 'VIEW') AS paths_viewed,
        count(*) FILTER (WHERE event_category IN ('RATING', 'REVIEW', 'COLLECTION', 'WISHLIST'))
            AS interactions,
        count(*) FILTER (WHERE event_type = 'SEARCH_PERFORMED') AS searches,
        bool_or(event_type = 'WISHLIST_ADD') AS added_to_wishlist,
        bool_or(event_type = 'COLLECTION_ADD') AS added_to_collection,
        bool_or(event_type = 'RATING_COMPLETED') AS completed_rating,
        bool_or(event_type = 'REVIEW_SUBMITTED') AS completed_review
    FROM event GROUP BY session_id
)
SELECT
    session.*,
    2 * events AS revision,
    false AS closed,
    (ended_at - started_at) / 1000 AS duration,
    coalesce(cardinality(ids), 0) AS perfumes_viewed,
    coalesce(ids[greatest(1, cardinality(ids) - {SESSION_PERFUME_IDS - 1}):], '{{{{}}}}') AS perfume_ids,
    paths_viewed = 1 AND interactions = 0 AS bounced
FROM session LEFT JOIN perfume USING (session_id)
"""
"""Of all counted events within `scope`, one row a session, open; beside the figures `last_received`."""
