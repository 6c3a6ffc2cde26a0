"""SQL: which event concerns which perfume, and the perfume rows. Definitions: `docs/figures.md`."""

from typing import Final

COUNTED_EVENTS: Final = """
CREATE TEMPORARY VIEW counted_events AS
SELECT
    session_id, event_id, event_type, event_category, path, perfume_id, user_id, visitor_id, referrer,
    device_type, browser, os, duration, value, event_data,
    (extract(epoch FROM occurred_at) * 1000)::bigint AS at,
    (extract(epoch FROM received_at) * 1000)::bigint AS received_at,
    CASE
        WHEN user_id IS NOT NULL THEN 'u:' || user_id
        WHEN visitor_id IS NOT NULL THEN 'v:' || visitor_id
        ELSE 's:' || session_id
    END AS viewer
FROM interaction_events AS raw
WHERE NOT is_bot AND NOT EXISTS (
    SELECT FROM left_out
    WHERE left_out.kafka_partition = raw.kafka_partition AND left_out.kafka_offset = raw.kafka_offset
)
"""
"""Raw rows that count: not of bots, and not rightly refused by the session agent. Times in epoch ms."""

CONCERNS: Final = """
SELECT
    concerned.perfume_id, event.viewer, event.session_id, event.event_id, event.at, event.event_type,
    event.duration, event.value, event.event_data, concerned.recommendation_id
FROM (
    SELECT *, nullif(event_data ->> 'recommendationId', '') AS told,
        nullif(event_data ->> 'targetPerfumeId', '') AS target
    FROM counted_events
    WHERE perfume_id IS NOT NULL OR event_type = 'SEARCH_PERFORMED'
) AS event
CROSS JOIN LATERAL (
    SELECT shown AS perfume_id, NULL AS recommendation_id
    FROM jsonb_array_elements_text(CASE jsonb_typeof(event.event_data -> 'shown')
        WHEN 'array' THEN event.event_data -> 'shown' ELSE '[]' END) AS shown
    WHERE event.event_type = 'SEARCH_PERFORMED'
    UNION ALL
    SELECT event.perfume_id, CASE
        WHEN event.event_type IN (
            'PERFUME_VIEW', 'RATING_COMPLETED', 'WISHLIST_ADD', 'WISHLIST_REMOVE', 'COLLECTION_ADD',
            'COLLECTION_UPDATE', 'COLLECTION_REMOVE', 'RECOMMENDATION_SHOWN', 'RECOMMENDATION_CLICKED',
            'RECOMMENDATION_RATED', 'RECOMMENDATION_HIDDEN')
        OR event.event_type = 'SIMILAR_CLICKED' AND event.target = event.perfume_id
        THEN event.told END
    WHERE event.event_type <> 'SEARCH_PERFORMED'
    UNION ALL
    SELECT event.target, event.told
    WHERE event.event_type = 'SIMILAR_CLICKED' AND event.told IS NOT NULL AND event.target <> event.perfume_id
) AS concerned
"""
"""One row for each event and perfume it concerns; with `recommendation_id` where it speaks of one."""

PERFUMES: Final = """
WITH event AS (
    SELECT
        *,
        event_type = 'PERFUME_VIEW' AS is_view,
        at / 3600000 AS hour,
        at / 86400000 AS day,
        max(at) OVER (PARTITION BY perfume_id) AS as_of,
        CASE
            WHEN event_type IN ('PERFUME_VIEW', 'IMAGE_VIEWED', 'IMAGE_ZOOMED', 'NOTES_EXPANDED') THEN 1
            WHEN event_type = 'SEARCH_RESULT_CLICKED' THEN 2
            WHEN event_type = 'WISHLIST_ADD' THEN 5
            WHEN event_type = 'RATING_COMPLETED' THEN 6
            WHEN event_type IN ('COLLECTION_ADD', 'REVIEW_SUBMITTED') THEN 8
            ELSE 0
        END AS weight,
        CASE
            WHEN event_type = 'PERFUME_VIEW' THEN '1'
            WHEN event_type = 'VIEW_ENDED' AND event_data ->> 'viewType' = 'PERFUME_VIEW'
            THEN event_data ->> 'segment'
        END AS segment
    FROM concerns
), figure AS (
    SELECT
        perfume_id, as_of, count(*) AS revision,
        count(*) FILTER (WHERE is_view) AS total_views,
        count(DISTINCT viewer) FILTER (WHERE is_view) AS unique_viewers,
        sum(duration) FILTER (WHERE segment IS NOT NULL)::double precision
            / nullif(count(duration) FILTER (WHERE segment = '1'), 0) AS avg_view_duration,
        max(at) FILTER (WHERE is_view) AS last_viewed_at,
        count(*) FILTER (WHERE event_type = 'REVIEW_SUBMITTED') AS total_reviews,
        count(*) FILTER (WHERE event_type = 'SEARCH_PERFORMED') AS search_impressions,
        count(*) FILTER (WHERE event_type = 'SEARCH_RESULT_CLICKED') AS search_clicks,
        count(*) FILTER (WHERE event_type = 'RECOMMENDATION_SHOWN') AS recommendation_impressions,
        count(*) FILTER (WHERE event_type = 'RECOMMENDATION_CLICKED') AS recommendation_clicks,
        count(*) FILTER (WHERE event_type = 'TRADE_INQUIRY') AS trade_inquiries,
        count(*) FILTER (WHERE event_type = 'TRADE_ACCEPTED') AS trades_completed,
        count(*) FILTER (WHERE is_view AND as_of / 86400000 - day < 7) AS views_last_7_days,
        count(*) FILTER (WHERE is_view AND as_of / 86400000 - day < 30) AS views_last_30_days
    FROM event GROUP BY perfume_id, as_of
), in_hour AS (
    SELECT perfume_id, as_of / 3600000 - hour AS age, hour, sum(weight) AS weight
    FROM event WHERE weight > 0 AND as_of / 3600000 - hour < 336 GROUP BY perfume_id, as_of, hour
), hourly AS (
    SELECT
        perfume_id,
        sum(weight * 0.5::double precision ^ (age / 48.0)) AS trending_score,
        jsonb_agg(jsonb_build_object('hour', hour, 'weight', weight) ORDER BY hour) AS hours
    FROM in_hour GROUP BY perfume_id
), in_day AS (
    SELECT perfume_id, day, count(*) AS views
    FROM event WHERE is_view AND as_of / 86400000 - day < 30 GROUP BY perfume_id, day
), daily AS (
    SELECT perfume_id, jsonb_agg(jsonb_build_object('day', day, 'views', views) ORDER BY day) AS days
    FROM in_day GROUP BY perfume_id
), affinity AS (
    SELECT
        perfume_id,
        count(rated_at) AS total_ratings,
        avg(rating) AS avg_rating,
        count(*) FILTER (WHERE in_wishlist) AS in_wishlist_count,
        count(*) FILTER (WHERE in_collection) AS in_collection_count
    FROM expected_affinities GROUP BY perfume_id
)
SELECT
    figure.*,
    search_clicks::double precision / nullif(search_impressions, 0) AS search_ctr,
    recommendation_clicks::double precision / nullif(recommendation_impressions, 0) AS recommendation_ctr,
    coalesce(total_ratings, 0) AS total_ratings,
    avg_rating,
    coalesce(in_wishlist_count, 0) AS in_wishlist_count,
    coalesce(in_collection_count, 0) AS in_collection_count,
    coalesce(trending_score, 0) AS trending_score,
    coalesce(hours, '[]') AS hours,
    coalesce(days, '[]') AS days
FROM figure
LEFT JOIN hourly USING (perfume_id)
LEFT JOIN daily USING (perfume_id)
LEFT JOIN affinity USING (perfume_id)
"""
"""One row a perfume, of `concerns` and `expected_affinities`. Days and hours are counted since 1970."""
