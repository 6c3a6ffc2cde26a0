"""Decoded Interactions to rows: strict, so that what is wrong with one shows before the database."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from schemas.interaction import check_interaction
from schemas.topics import INTERACTIONS
from sinks.columns import Columns
from sinks.record import Row
from wire.partitions import check_home

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


_KAFKA = ("kafka_partition", "kafka_offset")
_event_values = itemgetter(*(name for name in EVENT_COLUMNS if name not in _KAFKA))


def event_row(value: Mapping[str, Any], partition: int, offset: int) -> Row:
    """The row of a decoded Interaction (schemas/avro/interaction.avsc, times as epoch ms).

    Raises InvalidRecord where it breaks a rule, or stands in another partition than its session's.
    """
    check_interaction(value)
    check_home(INTERACTIONS, value["session_id"], partition)
    return (*_event_values(value), partition, offset)
