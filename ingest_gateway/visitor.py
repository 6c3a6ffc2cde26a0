"""Whose an event is, and what a visitor's events in a request have in common: worked out and encoded once."""

from collections.abc import Mapping
from typing import Any

from ingest_gateway.enrichment.user_agent import Client, describe
from ingest_gateway.session import check_names_nobody, session_of, user_of
from schemas import limits
from schemas.avro_encoders import interaction_shared
from schemas.envelope import ClientEvent, Envelope
from schemas.event_data import check_text


class Visitor:
    """A visitor of a request.

    `key`: of their records; `shared`: the Avro bytes of Interaction's fields from session_id on;
    `truncated`: which of these were cut.
    """

    def __init__(self, session_id: str, client: Client, shared: bytes, truncated: tuple[str, ...]) -> None:
        self.session_id = session_id
        self.client = client
        self.key = session_id.encode()
        self.shared = shared
        self.truncated = truncated


class BrowserVisitors:
    """One visitor, of whom each event may say anew what device it came from."""

    def __init__(
        self,
        common: Mapping[str, Any],
        session_id: str,
        user_id: str | None,
        user_agent: str | None,
        has_touch: bool,
    ) -> None:
        """`common`: the fields of Interaction that all events of the request share."""
        self._common = common
        self._session_id = session_id
        self._user_id = user_id
        self._user_agent = user_agent
        self._has_touch = has_touch
        self._by_touch: dict[bool, Visitor] = {}

    def of(self, event: ClientEvent) -> Visitor:
        """Raises InvalidEvent where the event names a user."""
        check_names_nobody(event)
        has_touch = self._has_touch or is_hand_held(event)
        visitor = self._by_touch.get(has_touch)
        if visitor is None:
            visitor = visitor_of(self._common, self._session_id, self._user_id, self._user_agent, has_touch)
            self._by_touch[has_touch] = visitor
        return visitor


class ServerVisitors:
    """As many as the server names."""

    def __init__(
        self,
        common: Mapping[str, Any],
        envelope: Envelope,
        batch_session: str | None,
        verified_user: str | None,
        has_touch: bool,
    ) -> None:
        self._common = common
        self._envelope = envelope
        self._batch_session = batch_session
        self._verified_user = verified_user
        self._has_touch = has_touch
        self._known: dict[tuple[str, str | None, str | None, bool], Visitor] = {}

    def of(self, event: ClientEvent) -> Visitor:
        """Raises InvalidEvent for an event without session, or an unusable user agent."""
        session_id = session_of(event, self._batch_session)
        user_id = user_of(event, self._envelope, self._verified_user)
        user_agent = _user_agent_passed_on(event)
        has_touch = self._has_touch or is_hand_held(event)
        who = (session_id, user_id, user_agent, has_touch)
        visitor = self._known.get(who)
        if visitor is None:
            visitor = visitor_of(self._common, session_id, user_id, user_agent, has_touch)
            self._known[who] = visitor
        return visitor


Visitors = BrowserVisitors | ServerVisitors
"""The visitors of one request. For the same visitor, `of` gives the same object."""


def is_hand_held(event: ClientEvent) -> bool:
    """Whether the event's own word says that it comes from no desktop computer."""
    return event.get("deviceType") in ("tablet", "mobile")


def _user_agent_passed_on(event: ClientEvent) -> str | None:
    """The visitor's: a server's own header names its HTTP library, not a visitor's browser."""
    user_agent = event.get("userAgent")
    if user_agent is not None:
        check_text("userAgent", user_agent)
    return user_agent


def visitor_of(
    common: Mapping[str, Any], session_id: str, user_id: str | None, user_agent: str | None, has_touch: bool
) -> Visitor:
    """What is told by who a visitor is. `common`: the fields of Interaction that the whole request shares;
    `has_touch`: see `enrichment.user_agent`."""
    client = describe(user_agent, has_touch)
    too_long = user_agent is not None and len(user_agent) > limits.USER_AGENT_CHARS
    shared = {
        **common,
        "session_id": session_id,
        "user_id": user_id,
        "browser": client.browser,
        "os": client.os,
        "user_agent": user_agent[: limits.USER_AGENT_CHARS] if user_agent is not None else None,
        "is_bot": client.is_bot,
        "bot_suspect": client.bot_suspect,
    }
    return Visitor(session_id, client, interaction_shared(shared), ("user_agent",) if too_long else ())
