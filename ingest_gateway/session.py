"""Which session, and which user, an event belongs to."""

from collections.abc import Mapping
from typing import Any, Final

from ingest_gateway.caller import Source
from schemas.envelope import ClientEvent, Envelope
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent

_PLACEHOLDERS: Final = frozenset({"", "server", "undefined", "null", "unknown"})
"""What scripts write where they have no session: all visitors would be one."""


def named(session_id: str | None) -> str | None:
    """The session's id; None for none and for a placeholder."""
    if session_id is None or session_id.strip().lower() in _PLACEHOLDERS:
        return None
    return session_id


def session_of(event: ClientEvent, source: Source, batch_session: str | None) -> str:
    """The event's session: a server may name one per event. Raises InvalidEvent."""
    own = event.get("sessionId") if source is Source.SERVER else None
    session_id = named(own) if own is not None else batch_session
    if session_id is None:
        raise InvalidEvent(Reason.MISSING_SESSION, "neither the event nor its batch names a session")
    return session_id


def user_of(event: ClientEvent, source: Source, envelope: Envelope, verified: str | None) -> str | None:
    """The event's user: a server's word for it, or the one whom a user token names.

    Raises InvalidEvent where a browser names one.
    """
    if source is Source.SERVER:
        return event.get("userId") or envelope.get("userId") or verified
    if names_user(event, event.get("eventData")):
        raise InvalidEvent(Reason.IDENTITY_IN_BODY, Reason.IDENTITY_IN_BODY.meaning)
    return verified


def names_user(*holders: Mapping[str, Any] | None) -> bool:
    """Whether any of these objects claims who the visitor is."""
    for holder in holders:
        if holder is not None and (holder.get("userId") is not None or holder.get("user_id") is not None):
            return True
    return False
