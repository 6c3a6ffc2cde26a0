"""Events and records the sink's unit tests start from."""

from typing import Any

from sinks.record import Partition, Record

EVENT_ID = "0192d3a4-5b6c-7d8e-9f01-23456789abcd"
INTERACTIONS = Partition("interactions", 0)


def interaction(**changes: Any) -> dict[str, Any]:
    """A decoded Interaction with every field set."""
    return {
        "event_id": EVENT_ID,
        "event_type": "PERFUME_VIEW",
        "event_category": "VIEW",
        "occurred_at": 1_700_000_000_000,
        "time_source": "client",
        "client_time": 1_700_000_000_000,
        "path": "/perfumes/vetiver",
        "perfume_id": "vetiver",
        "house_id": "maison",
        "note_id": "rose",
        "event_data": '{"source": "search"}',
        "duration": 12,
        "value": 4.5,
        "referrer": "https://example.org/",
        "seq": 7,
        "device_type": "desktop",
        "truncated": [],
        "receipt": 1,
        "session_id": "s-1",
        "user_id": "u-1",
        "visitor_id": "v-1",
        "tab_id": "t-1",
        "sent_at": 1_700_000_000_100,
        "received_at": 1_700_000_000_200,
        "browser": "Firefox",
        "os": "Linux",
        "user_agent": "Mozilla/5.0",
        "is_bot": False,
        "bot_suspect": False,
        "source": "browser",
        "sdk": "sillage-js/1",
        "context": '{"locale": "fr"}',
        "consent": "granted",
        "gateway_boot": "boot-1",
    } | changes


def record(offset: int, source: Partition = INTERACTIONS, value: bytes | None = b"value") -> Record:
    return Record(source, offset, b"key", value)
