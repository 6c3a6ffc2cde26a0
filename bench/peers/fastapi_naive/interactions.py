"""Events become Interactions: dicts for fastavro."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any
from uuid import uuid4

import fastavro
from ua_parser import parse

from bench.peers.fastapi_naive.models import Batch, Event
from schemas import avro_schemas, limits
from schemas.catalogue import CATALOGUE
from wire.codec import MAGIC

SCHEMA = fastavro.parse_schema(avro_schemas.schema("interaction"))
BOOT = str(uuid4())
_receipts = count(1)


def interactions(batch: Batch, user_agent: str) -> Iterator[dict[str, Any]]:
    """Each event once, enriched."""
    now = datetime.now(UTC)
    client = parse(user_agent[:512])
    browser = client.user_agent.family if client.user_agent else "unknown"
    system = client.os.family if client.os else "unknown"
    seen = set()
    for event in [batch.event] if batch.event else batch.events or []:
        if event.eventId in seen:
            continue
        seen.add(event.eventId)
        occurred_at, time_source = _when(event, batch, now)
        yield {
            "event_id": str(event.eventId),
            "event_type": event.eventType,
            "event_category": CATALOGUE[event.eventType].category.value,
            "occurred_at": occurred_at,
            "time_source": time_source,
            "client_time": event.timestamp,
            "path": event.path,
            "perfume_id": event.perfumeId,
            "house_id": event.houseId,
            "note_id": event.noteId,
            "event_data": json.dumps(event.eventData) if event.eventData else None,
            "duration": event.duration,
            "value": event.value,
            "referrer": event.referrer,
            "seq": event.seq,
            "device_type": event.deviceType or ("mobile" if "Mobile" in user_agent else "desktop"),
            "truncated": [],
            "receipt": next(_receipts),
            "session_id": batch.sessionId,
            "user_id": None,
            "visitor_id": batch.visitorId,
            "tab_id": batch.tabId,
            "sent_at": batch.sentAt,
            "received_at": now,
            "browser": browser,
            "os": system,
            "user_agent": user_agent,
            "is_bot": client.device is not None and client.device.family == "Spider",
            "bot_suspect": False,
            "source": "browser",
            "sdk": batch.sdk,
            "context": json.dumps(batch.context) if batch.context else None,
            "consent": batch.consent,
            "gateway_boot": BOOT,
        }


def _when(event: Event, batch: Batch, now: datetime) -> tuple[datetime, str]:
    if event.timestamp is None:
        return now, "server"
    offset = now - batch.sentAt if batch.sentAt else timedelta(0)
    corrected = abs(offset) > timedelta(milliseconds=limits.CLOCK_SKEW_THRESHOLD_MS)
    time = event.timestamp + offset if corrected else event.timestamp
    if time > now + timedelta(milliseconds=limits.FUTURE_TOLERANCE_MS):
        return now, "clamped"
    return time, "client_corrected" if corrected else "client"


def encoded(interaction: dict[str, Any], schema_id: int) -> bytes:
    """Confluent's wire format."""
    buffer = BytesIO()
    buffer.write(bytes([MAGIC]) + schema_id.to_bytes(4, "big"))
    fastavro.schemaless_writer(buffer, SCHEMA, interaction)
    return buffer.getvalue()
