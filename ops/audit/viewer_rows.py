"""SQL: what viewers did about perfumes and recommendations. Definitions: `docs/figures.md`."""

from typing import Final

AFFINITIES: Final = """
WITH act AS (
    SELECT *, split_part(event_type, '_', 1) AS kind
    FROM concerns
    WHERE event_type IN (
        'WISHLIST_ADD', 'WISHLIST_REMOVE', 'COLLECTION_ADD', 'COLLECTION_UPDATE', 'COLLECTION_REMOVE',
        'RATING_COMPLETED', 'RATING_UPDATED')
), latest AS (
    SELECT
        perfume_id, viewer, count(*) AS revision,
        (array_agg(event_type ORDER BY at DESC, event_id DESC) FILTER (WHERE kind = 'WISHLIST'))[1]
            AS wishlist,
        (array_agg(event_type ORDER BY at DESC, event_id DESC) FILTER (WHERE kind = 'COLLECTION'))[1]
            AS collection,
        (array_agg(value ORDER BY at DESC, event_id DESC)
            FILTER (WHERE kind = 'RATING' AND value IS NOT NULL))[1] AS value,
        max(at) FILTER (WHERE kind = 'WISHLIST') AS wishlist_at,
        max(at) FILTER (WHERE kind = 'COLLECTION') AS collection_at,
        max(at) FILTER (WHERE kind = 'RATING') AS rated_at
    FROM act GROUP BY perfume_id, viewer
)
SELECT
    *,
    coalesce(wishlist = 'WISHLIST_ADD', false) AS in_wishlist,
    coalesce(collection <> 'COLLECTION_REMOVE', false) AS in_collection,
    round(value * 100) / 100 AS rating
FROM latest
"""

FEEDBACK: Final = """
WITH told AS (
    SELECT
        *,
        event_type LIKE 'RECOMMENDATION\\_%' AS of_recommendation,
        event_data ->> 'source' AS source,
        event_data ->> 'algorithm' AS algorithm,
        CASE jsonb_typeof(event_data -> 'position') WHEN 'number'
            THEN (event_data -> 'position')::bigint END AS position,
        event_data ->> 'thumbs' AS thumbs
    FROM concerns WHERE recommendation_id IS NOT NULL
)
SELECT
    recommendation_id, viewer, perfume_id, count(*) AS revision,
    (array_agg(source ORDER BY at, event_id) FILTER (WHERE of_recommendation AND source IS NOT NULL))[1]
        AS source,
    (array_agg(algorithm ORDER BY at, event_id)
        FILTER (WHERE of_recommendation AND algorithm IS NOT NULL))[1] AS algorithm,
    (array_agg(position ORDER BY at, event_id) FILTER (WHERE of_recommendation AND position IS NOT NULL))[1]
        AS position,
    (array_agg(thumbs ORDER BY at DESC, event_id DESC)
        FILTER (WHERE of_recommendation AND thumbs IS NOT NULL))[1] AS thumbs,
    bool_or(event_type = 'PERFUME_VIEW') AS viewed,
    bool_or(event_type IN ('RECOMMENDATION_CLICKED', 'SIMILAR_CLICKED')) AS clicked,
    bool_or(event_type = 'WISHLIST_ADD') AS added_to_wishlist,
    bool_or(event_type = 'COLLECTION_ADD') AS added_to_collection,
    bool_or(event_type = 'RATING_COMPLETED') AS rated,
    bool_or(event_type = 'RECOMMENDATION_HIDDEN') AS hidden,
    min(at) FILTER (WHERE event_type = 'RECOMMENDATION_SHOWN') AS impression_at,
    min(at) FILTER (WHERE event_type <> 'RECOMMENDATION_SHOWN') AS first_interaction_at
FROM told GROUP BY recommendation_id, viewer, perfume_id
"""
