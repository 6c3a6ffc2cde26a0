"""Decoded values to rows: pure, and strict, so that what is wrong with a record shows before the database."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from sinks.checks import (
    check_finite,
    check_ids,
    check_integers,
    check_json,
    check_texts,
    check_times,
    check_uuid,
)
from sinks.record import Row

INT32_MAX: Final = 2**31 - 1

EVENT_COLUMNS: Final[Mapping[str, str]] = {
    "session_id": "text",
    "event_id": "uuid",
    "occurred_at": "timestamptz",
    "event_type": "text",
    "event_category": "text",
    "time_source": "text",
    "client_time": "timestamptz",
    "sent_at": "timestamptz",
    "received_at": "timestamptz",
    "user_id": "text",
    "visitor_id": "text",
    "tab_id": "text",
    "seq": "bigint",
    "path": "text",
    "referrer": "text",
    "perfume_id": "text",
    "house_id": "text",
    "note_id": "text",
    "duration": "bigint",
    "value": "double precision",
    "event_data": "jsonb",
    "device_type": "text",
    "browser": "text",
    "os": "text",
    "user_agent": "text",
    "is_bot": "boolean",
    "bot_suspect": "boolean",
    "source": "text",
    "sdk": "text",
    "context": "jsonb",
    "consent": "text",
    "truncated": "text[]",
    "gateway_boot": "text",
    "receipt": "bigint",
    "kafka_partition": "integer",
    "kafka_offset": "bigint",
}
"""interaction_events: columns and their types. All but the last two come from the Interaction."""

SESSION_COLUMNS: Final[Mapping[str, str]] = {
    "session_id": "text",
    "generation": "integer",
    "revision": "bigint",
    "user_id": "text",
    "visitor_id": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "duration": "bigint",
    "closed": "boolean",
    "events": "bigint",
    "page_views": "bigint",
    "perfumes_viewed": "bigint",
    "perfume_ids": "text[]",
    "interactions": "bigint",
    "searches": "bigint",
    "added_to_wishlist": "boolean",
    "added_to_collection": "boolean",
    "completed_rating": "boolean",
    "completed_review": "boolean",
    "bounced": "boolean",
    "entry_page": "text",
    "exit_page": "text",
    "referrer": "text",
    "device_type": "text",
    "browser": "text",
    "os": "text",
}
"""user_sessions: columns and their types, which are the fields of Session."""


def _of_type(columns: Mapping[str, str], *types: str) -> tuple[str, ...]:
    return tuple(name for name, kind in columns.items() if kind in types)


_IDS = ("session_id", "user_id", "visitor_id", "tab_id", "perfume_id", "house_id", "note_id", "event_type")
_KAFKA = ("kafka_partition", "kafka_offset")
_EVENT_FIELDS = tuple(name for name in EVENT_COLUMNS if name not in _KAFKA)
_EVENT_TEXTS = _of_type(EVENT_COLUMNS, "text", "text[]")
_EVENT_TIMES = _of_type(EVENT_COLUMNS, "timestamptz")
_EVENT_INTEGERS = ("seq", "duration", "receipt")
_event_values = itemgetter(*_EVENT_FIELDS)

_SESSION_IDS = ("session_id", "user_id", "visitor_id")
_SESSION_TEXTS = _of_type(SESSION_COLUMNS, "text", "text[]")
_SESSION_TIMES = _of_type(SESSION_COLUMNS, "timestamptz")
_SESSION_INTEGERS = _of_type(SESSION_COLUMNS, "bigint")
_session_values = itemgetter(*SESSION_COLUMNS)


def event_row(value: Mapping[str, Any], partition: int, offset: int) -> Row:
    """The row of a decoded Interaction (schemas/avro/interaction.avsc, times as epoch ms).

    Raises RecordRejected where PostgreSQL or the catalogue's limits would not have it.
    """
    check_ids(value, _IDS)
    check_uuid(value, "event_id")
    check_texts(value, _EVENT_TEXTS)
    check_times(value, _EVENT_TIMES)
    check_integers(value, _EVENT_INTEGERS)
    check_finite(value, "value")
    check_json(value, "event_data")
    check_json(value, "context")
    return (*_event_values(value), partition, offset)


def session_row(value: Mapping[str, Any], partition: int, offset: int) -> Row:
    """The row of a decoded Session (schemas/avro/session.avsc); it keeps no Kafka coordinates.

    Raises RecordRejected where PostgreSQL or the catalogue's limits would not have it.
    """
    check_ids(value, _SESSION_IDS)
    check_texts(value, _SESSION_TEXTS)
    check_times(value, _SESSION_TIMES)
    check_integers(value, _SESSION_INTEGERS)
    check_integers(value, ("generation",), INT32_MAX)
    row: Row = _session_values(value)
    return row
