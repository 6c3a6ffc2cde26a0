"""Decoded Interactions to rows: strict, so that what is wrong with one shows before the database."""

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
from sinks.columns import Columns, of_type
from sinks.record import Row

EVENT_COLUMNS: Final[Columns] = {
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


_IDS = ("session_id", "user_id", "visitor_id", "tab_id", "perfume_id", "house_id", "note_id", "event_type")
_KAFKA = ("kafka_partition", "kafka_offset")
_EVENT_FIELDS = tuple(name for name in EVENT_COLUMNS if name not in _KAFKA)
_EVENT_TEXTS = of_type(EVENT_COLUMNS, "text", "text[]")
_EVENT_TIMES = of_type(EVENT_COLUMNS, "timestamptz")
_EVENT_INTEGERS = ("seq", "duration", "receipt")
_event_values = itemgetter(*_EVENT_FIELDS)


def event_row(value: Mapping[str, Any], partition: int, offset: int) -> Row:
    """The row of a decoded Interaction (schemas/avro/interaction.avsc, times as epoch ms).

    Raises RecordRejected where PostgreSQL or the catalogue's limits would not have it.
    """
    check_ids(value, _IDS)
    check_uuid(value, "event_id")
    check_texts(value, _EVENT_TEXTS)
    check_times(value, _EVENT_TIMES)
    check_integers(value, _EVENT_INTEGERS)
    check_finite(value, ("value",))
    check_json(value, "event_data")
    check_json(value, "context")
    return (*_event_values(value), partition, offset)
