"""Whether a decoded Interaction keeps the rules that the gateway keeps: one may have come by another way.

Agents and sink ask this and nothing else of an Interaction, so that a record is refused by both or by none.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, Final

from schemas import storable
from schemas.avro_schemas import field_names
from schemas.limits import FUTURE_TOLERANCE_MS
from schemas.storable import Check, InvalidRecord

_of: Final = partial(field_names, "interaction")
"""The names of the fields, or of those of these types."""

_IDS: Final = (
    *("session_id", "user_id", "visitor_id", "tab_id"),
    *("perfume_id", "house_id", "note_id", "event_type"),
)
_TIMES: Final = ("occurred_at", "client_time", "sent_at", "received_at")


def interaction_check(fields: Collection[str]) -> Check:
    """The check of these fields of an Interaction; times are epoch ms.

    Who reads less checks less: a rule that only another field breaks is then met by those who read that.
    """

    def known(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in fields)

    checks = (
        *(storable.uuid(name) for name in known(["event_id"])),
        storable.ids(known(_IDS)),
        storable.texts(known(_of("string", ["null", "string"]))),
        storable.text_lists(known(_of({"type": "array", "items": "string"}))),
        storable.times(known(_TIMES)),
        *([_not_ahead] if {"occurred_at", "received_at"} <= set(fields) else []),
        storable.integers(known(set(_of("long", ["null", "long"])) - set(_TIMES))),
        storable.finite(known(_of("double", ["null", "double"]))),
        storable.json_objects(known(["event_data", "context"])),
    )

    def check(interaction: Mapping[str, Any]) -> None:
        for rule in checks:
            rule(interaction)

    return check


def _not_ahead(interaction: Mapping[str, Any]) -> None:
    """No event happens much after its arrival: one from next year would come first in any order by time."""
    ahead_ms = interaction["occurred_at"] - interaction["received_at"]
    if ahead_ms > FUTURE_TOLERANCE_MS:
        raise InvalidRecord(f"occurred_at lies {ahead_ms} ms after received_at")


check_interaction: Final = interaction_check(_of())
"""Raises InvalidRecord, naming the field at fault, where a rule is broken."""
