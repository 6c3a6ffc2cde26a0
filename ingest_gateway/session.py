"""Which session, and which user, an event belongs to."""

from collections.abc import Mapping
from typing import Any, Final

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


def session_of(event: ClientEvent, batch_session: str | None) -> str:
    """The session that a server names for an event, or for its batch. Raises InvalidEvent."""
    own = event.get("sessionId")
    session_id = named(own) if own is not None else batch_session
    if session_id is None:
        raise InvalidEvent(Reason.MISSING_SESSION, "neither the event nor its batch names a session")
    return session_id


def user_of(event: ClientEvent, envelope: Envelope, verified: str | None) -> str | None:
    """The event's user: by a server's word for it, or whom a user token names."""
    return event.get("userId") or envelope.get("userId") or verified


def check_names_nobody(event: ClientEvent) -> None:
    """Raise InvalidEvent where a browser's event names a user."""
    if names_user(event) or names_user(event.get("eventData")):
        raise InvalidEvent(Reason.IDENTITY_IN_BODY, Reason.IDENTITY_IN_BODY.meaning)


def names_user(holder: Mapping[str, Any] | None) -> bool:
    """Whether this object claims who the visitor is."""
    if not holder or ("userId" not in holder and "user_id" not in holder):
        return False
    return holder.get("userId") is not None or holder.get("user_id") is not None
