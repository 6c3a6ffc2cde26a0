"""Whether a decoded Interaction keeps the rules that the gateway keeps: one may have come by another way.

Whoever counts events asks this, so that a record is refused by all of them or by none.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from schemas.limits import ID_CHARS, LATEST_TIME_MS

is_canonical_uuid: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}").fullmatch
"""A match where the whole text is a UUID in its canonical, lower-case form; else None."""

_IDS = ("session_id", "perfume_id", "house_id", "note_id", "user_id", "visitor_id")
_TIMES = ("occurred_at", "received_at")


def what_is_wrong(interaction: Mapping[str, Any]) -> str | None:
    """What breaks a rule, for a person; None where nothing does. Times are epoch milliseconds."""
    if is_canonical_uuid(interaction["event_id"]) is None:
        return f"event_id {interaction['event_id'][:64]!r} is not a UUID in canonical lower-case form"
    for name in _IDS:
        text = interaction[name]
        if text is not None and (len(text) > ID_CHARS or "\0" in text):
            return f"{name} is longer than {ID_CHARS} characters, or holds a NUL"
    for name in _TIMES:
        if not 0 <= interaction[name] <= LATEST_TIME_MS:
            return f"{name} is {interaction[name]}: not epoch milliseconds of the years 1970 to 9999"
    if "\0" in interaction["path"] or "\0" in (interaction["referrer"] or ""):
        return "path or referrer holds a NUL"
    return _event_data(interaction["event_data"])


def _event_data(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        document = orjson.loads(text)
    except ValueError:
        return "event_data is not JSON"
    if not isinstance(document, dict):
        return "event_data is not an object"
    return "event_data holds a NUL" if holds_nul(text, document) else None


def holds_nul(text: str, document: object) -> bool:
    """Whether a string in the document, read from this JSON text, holds a NUL: jsonb cannot keep one."""
    # An escaped backslash before u0000 looks like it in the text, so only then are the strings looked at.
    return "\\u0000" in text and b"\\u0000" in orjson.dumps(document).replace(b"\\\\", b"")
