"""Decoders of the topics' values, by `python -m schemas.avro_decoder_codegen`: do not edit.

Each takes bytes and the position where a value of its schema begins, which must reach to their end. Times
are epoch milliseconds (or epoch days). Raises some exception for what is wrong and for what is only unusual:
whether it is the one or the other is for a complete reader to say.
"""
# fmt: off
# ruff: noqa: C901

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from schemas.avro_binary_reading import Remembered, Unusual, double, items, long, raw, span, text


def affinity(data: bytes, at: int) -> dict[str, Any]:
    """A value of schemas/avro/affinity.avsc."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    perfume_id = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    viewer = data[at:end].decode()
    at = end
    generation, at = long(data, at)
    revision, at = long(data, at)
    in_wishlist = data[at] == 1
    if data[at] > 1:
        raise Unusual("in_wishlist: neither true nor false")
    at += 1
    if data[at] == 0:
        wishlist_at = None
        at += 1
    elif data[at] == 2:
        at += 1
        wishlist_at, at = long(data, at)
    else:
        raise Unusual("wishlist_at: no such branch")
    in_collection = data[at] == 1
    if data[at] > 1:
        raise Unusual("in_collection: neither true nor false")
    at += 1
    if data[at] == 0:
        collection_at = None
        at += 1
    elif data[at] == 2:
        at += 1
        collection_at, at = long(data, at)
    else:
        raise Unusual("collection_at: no such branch")
    if data[at] == 0:
        rating = None
        at += 1
    elif data[at] == 2:
        at += 1
        rating, at = double(data, at)
    else:
        raise Unusual("rating: no such branch")
    if data[at] == 0:
        rated_at = None
        at += 1
    elif data[at] == 2:
        at += 1
        rated_at, at = long(data, at)
    else:
        raise Unusual("rated_at: no such branch")
    if at != len(data):
        raise Unusual("it ends elsewhere")
    return {
        "perfume_id": perfume_id,
        "viewer": viewer,
        "generation": generation,
        "revision": revision,
        "in_wishlist": in_wishlist,
        "wishlist_at": wishlist_at,
        "in_collection": in_collection,
        "collection_at": collection_at,
        "rating": rating,
        "rated_at": rated_at,
    }


def dead_letter(data: bytes, at: int) -> dict[str, Any]:
    """A value of schemas/avro/dead_letter.avsc."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    stage = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    reason = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    message = data[at:end].decode()
    at = end
    first_seen, at = long(data, at)
    payload, at = raw(data, at)
    if data[at] == 0:
        source_topic = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        source_topic = data[at:end].decode()
        at = end
    else:
        raise Unusual("source_topic: no such branch")
    if data[at] == 0:
        source_partition = None
        at += 1
    elif data[at] == 2:
        at += 1
        source_partition, at = long(data, at)
    else:
        raise Unusual("source_partition: no such branch")
    if data[at] == 0:
        source_offset = None
        at += 1
    elif data[at] == 2:
        at += 1
        source_offset, at = long(data, at)
    else:
        raise Unusual("source_offset: no such branch")
    if data[at] == 0:
        schema_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        schema_id, at = long(data, at)
    else:
        raise Unusual("schema_id: no such branch")
    if data[at] == 0:
        request_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        request_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("request_id: no such branch")
    if data[at] == 0:
        session_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        session_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("session_id: no such branch")
    if data[at] == 0:
        event_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        event_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("event_id: no such branch")
    if at != len(data):
        raise Unusual("it ends elsewhere")
    return {
        "stage": stage,
        "reason": reason,
        "message": message,
        "first_seen": first_seen,
        "payload": payload,
        "source_topic": source_topic,
        "source_partition": source_partition,
        "source_offset": source_offset,
        "schema_id": schema_id,
        "request_id": request_id,
        "session_id": session_id,
        "event_id": event_id,
    }


def _rest_of_interaction(data: bytes, at: int) -> dict[str, Any]:
    """The fields at its end."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    browser = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    os = data[at:end].decode()
    at = end
    if data[at] == 0:
        user_agent = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        user_agent = data[at:end].decode()
        at = end
    else:
        raise Unusual("user_agent: no such branch")
    is_bot = data[at] == 1
    if data[at] > 1:
        raise Unusual("is_bot: neither true nor false")
    at += 1
    bot_suspect = data[at] == 1
    if data[at] > 1:
        raise Unusual("bot_suspect: neither true nor false")
    at += 1
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    source = data[at:end].decode()
    at = end
    if data[at] == 0:
        sdk = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        sdk = data[at:end].decode()
        at = end
    else:
        raise Unusual("sdk: no such branch")
    if data[at] == 0:
        context = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        context = data[at:end].decode()
        at = end
    else:
        raise Unusual("context: no such branch")
    if data[at] == 0:
        consent = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        consent = data[at:end].decode()
        at = end
    else:
        raise Unusual("consent: no such branch")
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    gateway_boot = data[at:end].decode()
    at = end
    if at != len(data):
        raise Unusual("it ends elsewhere")
    return {
        "browser": browser,
        "os": os,
        "user_agent": user_agent,
        "is_bot": is_bot,
        "bot_suspect": bot_suspect,
        "source": source,
        "sdk": sdk,
        "context": context,
        "consent": consent,
        "gateway_boot": gateway_boot,
    }


_REST_OF_INTERACTION: Final = Remembered(_rest_of_interaction)


def interaction(data: bytes, at: int) -> dict[str, Any]:
    """A value of schemas/avro/interaction.avsc."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    event_id = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    event_type = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    event_category = data[at:end].decode()
    at = end
    occurred_at, at = long(data, at)
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    time_source = data[at:end].decode()
    at = end
    if data[at] == 0:
        client_time = None
        at += 1
    elif data[at] == 2:
        at += 1
        client_time, at = long(data, at)
    else:
        raise Unusual("client_time: no such branch")
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    path = data[at:end].decode()
    at = end
    if data[at] == 0:
        perfume_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        perfume_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("perfume_id: no such branch")
    if data[at] == 0:
        house_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        house_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("house_id: no such branch")
    if data[at] == 0:
        note_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        note_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("note_id: no such branch")
    if data[at] == 0:
        event_data = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        event_data = data[at:end].decode()
        at = end
    else:
        raise Unusual("event_data: no such branch")
    if data[at] == 0:
        duration = None
        at += 1
    elif data[at] == 2:
        at += 1
        duration, at = long(data, at)
    else:
        raise Unusual("duration: no such branch")
    if data[at] == 0:
        value = None
        at += 1
    elif data[at] == 2:
        at += 1
        value, at = double(data, at)
    else:
        raise Unusual("value: no such branch")
    if data[at] == 0:
        referrer = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        referrer = data[at:end].decode()
        at = end
    else:
        raise Unusual("referrer: no such branch")
    if data[at] == 0:
        seq = None
        at += 1
    elif data[at] == 2:
        at += 1
        seq, at = long(data, at)
    else:
        raise Unusual("seq: no such branch")
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    device_type = data[at:end].decode()
    at = end
    truncated, at = items(data, at, text)
    receipt, at = long(data, at)
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    session_id = data[at:end].decode()
    at = end
    if data[at] == 0:
        user_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        user_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("user_id: no such branch")
    if data[at] == 0:
        visitor_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        visitor_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("visitor_id: no such branch")
    if data[at] == 0:
        tab_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        tab_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("tab_id: no such branch")
    if data[at] == 0:
        sent_at = None
        at += 1
    elif data[at] == 2:
        at += 1
        sent_at, at = long(data, at)
    else:
        raise Unusual("sent_at: no such branch")
    received_at, at = long(data, at)
    return {
        "event_id": event_id,
        "event_type": event_type,
        "event_category": event_category,
        "occurred_at": occurred_at,
        "time_source": time_source,
        "client_time": client_time,
        "path": path,
        "perfume_id": perfume_id,
        "house_id": house_id,
        "note_id": note_id,
        "event_data": event_data,
        "duration": duration,
        "value": value,
        "referrer": referrer,
        "seq": seq,
        "device_type": device_type,
        "truncated": truncated,
        "receipt": receipt,
        "session_id": session_id,
        "user_id": user_id,
        "visitor_id": visitor_id,
        "tab_id": tab_id,
        "sent_at": sent_at,
        "received_at": received_at,
        **_REST_OF_INTERACTION[data[at:]],
    }


def perfume_activity(data: bytes, at: int) -> dict[str, Any]:
    """A value of schemas/avro/perfume_activity.avsc."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    perfume_id = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    viewer = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    event_id = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    event_type = data[at:end].decode()
    at = end
    occurred_at, at = long(data, at)
    if data[at] == 0:
        view_duration = None
        at += 1
    elif data[at] == 2:
        at += 1
        view_duration, at = long(data, at)
    else:
        raise Unusual("view_duration: no such branch")
    if data[at] == 0:
        view_segment = None
        at += 1
    elif data[at] == 2:
        at += 1
        view_segment, at = long(data, at)
    else:
        raise Unusual("view_segment: no such branch")
    if data[at] == 0:
        rating = None
        at += 1
    elif data[at] == 2:
        at += 1
        rating, at = long(data, at)
    else:
        raise Unusual("rating: no such branch")
    if data[at] == 0:
        recommendation_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        recommendation_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("recommendation_id: no such branch")
    if data[at] == 0:
        recommendation_source = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        recommendation_source = data[at:end].decode()
        at = end
    else:
        raise Unusual("recommendation_source: no such branch")
    if data[at] == 0:
        recommendation_algorithm = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        recommendation_algorithm = data[at:end].decode()
        at = end
    else:
        raise Unusual("recommendation_algorithm: no such branch")
    if data[at] == 0:
        recommendation_position = None
        at += 1
    elif data[at] == 2:
        at += 1
        recommendation_position, at = long(data, at)
    else:
        raise Unusual("recommendation_position: no such branch")
    if data[at] == 0:
        thumbs = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        thumbs = data[at:end].decode()
        at = end
    else:
        raise Unusual("thumbs: no such branch")
    if at != len(data):
        raise Unusual("it ends elsewhere")
    return {
        "perfume_id": perfume_id,
        "viewer": viewer,
        "event_id": event_id,
        "event_type": event_type,
        "occurred_at": occurred_at,
        "view_duration": view_duration,
        "view_segment": view_segment,
        "rating": rating,
        "recommendation_id": recommendation_id,
        "recommendation_source": recommendation_source,
        "recommendation_algorithm": recommendation_algorithm,
        "recommendation_position": recommendation_position,
        "thumbs": thumbs,
    }


def _HourBucket(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    hour, at = long(data, at)
    weight, at = long(data, at)
    return {
        "hour": hour,
        "weight": weight,
    }, at


def _DayBucket(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    day, at = long(data, at)
    views, at = long(data, at)
    return {
        "day": day,
        "views": views,
    }, at


def perfume_stats(data: bytes, at: int) -> dict[str, Any]:
    """A value of schemas/avro/perfume_stats.avsc."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    perfume_id = data[at:end].decode()
    at = end
    generation, at = long(data, at)
    revision, at = long(data, at)
    as_of, at = long(data, at)
    total_views, at = long(data, at)
    unique_viewers, at = long(data, at)
    if data[at] == 0:
        avg_view_duration = None
        at += 1
    elif data[at] == 2:
        at += 1
        avg_view_duration, at = double(data, at)
    else:
        raise Unusual("avg_view_duration: no such branch")
    if data[at] == 0:
        last_viewed_at = None
        at += 1
    elif data[at] == 2:
        at += 1
        last_viewed_at, at = long(data, at)
    else:
        raise Unusual("last_viewed_at: no such branch")
    total_ratings, at = long(data, at)
    if data[at] == 0:
        avg_rating = None
        at += 1
    elif data[at] == 2:
        at += 1
        avg_rating, at = double(data, at)
    else:
        raise Unusual("avg_rating: no such branch")
    total_reviews, at = long(data, at)
    in_wishlist_count, at = long(data, at)
    in_collection_count, at = long(data, at)
    search_impressions, at = long(data, at)
    search_clicks, at = long(data, at)
    if data[at] == 0:
        search_ctr = None
        at += 1
    elif data[at] == 2:
        at += 1
        search_ctr, at = double(data, at)
    else:
        raise Unusual("search_ctr: no such branch")
    recommendation_impressions, at = long(data, at)
    recommendation_clicks, at = long(data, at)
    if data[at] == 0:
        recommendation_ctr = None
        at += 1
    elif data[at] == 2:
        at += 1
        recommendation_ctr, at = double(data, at)
    else:
        raise Unusual("recommendation_ctr: no such branch")
    trade_inquiries, at = long(data, at)
    trades_completed, at = long(data, at)
    views_last_7_days, at = long(data, at)
    views_last_30_days, at = long(data, at)
    trending_score, at = double(data, at)
    hours, at = items(data, at, _HourBucket)
    days, at = items(data, at, _DayBucket)
    if at != len(data):
        raise Unusual("it ends elsewhere")
    return {
        "perfume_id": perfume_id,
        "generation": generation,
        "revision": revision,
        "as_of": as_of,
        "total_views": total_views,
        "unique_viewers": unique_viewers,
        "avg_view_duration": avg_view_duration,
        "last_viewed_at": last_viewed_at,
        "total_ratings": total_ratings,
        "avg_rating": avg_rating,
        "total_reviews": total_reviews,
        "in_wishlist_count": in_wishlist_count,
        "in_collection_count": in_collection_count,
        "search_impressions": search_impressions,
        "search_clicks": search_clicks,
        "search_ctr": search_ctr,
        "recommendation_impressions": recommendation_impressions,
        "recommendation_clicks": recommendation_clicks,
        "recommendation_ctr": recommendation_ctr,
        "trade_inquiries": trade_inquiries,
        "trades_completed": trades_completed,
        "views_last_7_days": views_last_7_days,
        "views_last_30_days": views_last_30_days,
        "trending_score": trending_score,
        "hours": hours,
        "days": days,
    }


def recommendation_feedback(data: bytes, at: int) -> dict[str, Any]:
    """A value of schemas/avro/recommendation_feedback.avsc."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    recommendation_id = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    viewer = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    perfume_id = data[at:end].decode()
    at = end
    generation, at = long(data, at)
    revision, at = long(data, at)
    if data[at] == 0:
        source = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        source = data[at:end].decode()
        at = end
    else:
        raise Unusual("source: no such branch")
    if data[at] == 0:
        algorithm = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        algorithm = data[at:end].decode()
        at = end
    else:
        raise Unusual("algorithm: no such branch")
    if data[at] == 0:
        position = None
        at += 1
    elif data[at] == 2:
        at += 1
        position, at = long(data, at)
    else:
        raise Unusual("position: no such branch")
    viewed = data[at] == 1
    if data[at] > 1:
        raise Unusual("viewed: neither true nor false")
    at += 1
    clicked = data[at] == 1
    if data[at] > 1:
        raise Unusual("clicked: neither true nor false")
    at += 1
    added_to_wishlist = data[at] == 1
    if data[at] > 1:
        raise Unusual("added_to_wishlist: neither true nor false")
    at += 1
    added_to_collection = data[at] == 1
    if data[at] > 1:
        raise Unusual("added_to_collection: neither true nor false")
    at += 1
    rated = data[at] == 1
    if data[at] > 1:
        raise Unusual("rated: neither true nor false")
    at += 1
    hidden = data[at] == 1
    if data[at] > 1:
        raise Unusual("hidden: neither true nor false")
    at += 1
    if data[at] == 0:
        thumbs = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        thumbs = data[at:end].decode()
        at = end
    else:
        raise Unusual("thumbs: no such branch")
    if data[at] == 0:
        impression_at = None
        at += 1
    elif data[at] == 2:
        at += 1
        impression_at, at = long(data, at)
    else:
        raise Unusual("impression_at: no such branch")
    if data[at] == 0:
        first_interaction_at = None
        at += 1
    elif data[at] == 2:
        at += 1
        first_interaction_at, at = long(data, at)
    else:
        raise Unusual("first_interaction_at: no such branch")
    if at != len(data):
        raise Unusual("it ends elsewhere")
    return {
        "recommendation_id": recommendation_id,
        "viewer": viewer,
        "perfume_id": perfume_id,
        "generation": generation,
        "revision": revision,
        "source": source,
        "algorithm": algorithm,
        "position": position,
        "viewed": viewed,
        "clicked": clicked,
        "added_to_wishlist": added_to_wishlist,
        "added_to_collection": added_to_collection,
        "rated": rated,
        "hidden": hidden,
        "thumbs": thumbs,
        "impression_at": impression_at,
        "first_interaction_at": first_interaction_at,
    }


def session(data: bytes, at: int) -> dict[str, Any]:
    """A value of schemas/avro/session.avsc."""
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    session_id = data[at:end].decode()
    at = end
    generation, at = long(data, at)
    revision, at = long(data, at)
    if data[at] == 0:
        user_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        user_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("user_id: no such branch")
    if data[at] == 0:
        visitor_id = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        visitor_id = data[at:end].decode()
        at = end
    else:
        raise Unusual("visitor_id: no such branch")
    started_at, at = long(data, at)
    ended_at, at = long(data, at)
    duration, at = long(data, at)
    closed = data[at] == 1
    if data[at] > 1:
        raise Unusual("closed: neither true nor false")
    at += 1
    events, at = long(data, at)
    page_views, at = long(data, at)
    perfumes_viewed, at = long(data, at)
    perfume_ids, at = items(data, at, text)
    interactions, at = long(data, at)
    searches, at = long(data, at)
    added_to_wishlist = data[at] == 1
    if data[at] > 1:
        raise Unusual("added_to_wishlist: neither true nor false")
    at += 1
    added_to_collection = data[at] == 1
    if data[at] > 1:
        raise Unusual("added_to_collection: neither true nor false")
    at += 1
    completed_rating = data[at] == 1
    if data[at] > 1:
        raise Unusual("completed_rating: neither true nor false")
    at += 1
    completed_review = data[at] == 1
    if data[at] > 1:
        raise Unusual("completed_review: neither true nor false")
    at += 1
    bounced = data[at] == 1
    if data[at] > 1:
        raise Unusual("bounced: neither true nor false")
    at += 1
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    entry_page = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    exit_page = data[at:end].decode()
    at = end
    if data[at] == 0:
        referrer = None
        at += 1
    elif data[at] == 2:
        at += 1
        end = data[at]
        if end & 0x81:
            at, end = span(data, at)
        else:
            at += 1
            end = at + (end >> 1)
        referrer = data[at:end].decode()
        at = end
    else:
        raise Unusual("referrer: no such branch")
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    device_type = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    browser = data[at:end].decode()
    at = end
    end = data[at]
    if end & 0x81:
        at, end = span(data, at)
    else:
        at += 1
        end = at + (end >> 1)
    os = data[at:end].decode()
    at = end
    if at != len(data):
        raise Unusual("it ends elsewhere")
    return {
        "session_id": session_id,
        "generation": generation,
        "revision": revision,
        "user_id": user_id,
        "visitor_id": visitor_id,
        "started_at": started_at,
        "ended_at": ended_at,
        "duration": duration,
        "closed": closed,
        "events": events,
        "page_views": page_views,
        "perfumes_viewed": perfumes_viewed,
        "perfume_ids": perfume_ids,
        "interactions": interactions,
        "searches": searches,
        "added_to_wishlist": added_to_wishlist,
        "added_to_collection": added_to_collection,
        "completed_rating": completed_rating,
        "completed_review": completed_review,
        "bounced": bounced,
        "entry_page": entry_page,
        "exit_page": exit_page,
        "referrer": referrer,
        "device_type": device_type,
        "browser": browser,
        "os": os,
    }


DECODERS: Final[Mapping[str, Callable[[bytes, int], dict[str, Any]]]] = MappingProxyType({
    "affinity": affinity,
    "dead_letter": dead_letter,
    "interaction": interaction,
    "perfume_activity": perfume_activity,
    "perfume_stats": perfume_stats,
    "recommendation_feedback": recommendation_feedback,
    "session": session,
})
