"""Whose an event is, and what a visitor's events in a request have in common: worked out and encoded once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ingest_gateway.enrichment.user_agent import Client, describe
from ingest_gateway.session import check_names_nobody, session_of, user_of
from schemas import limits
from schemas.avro_encoders import interaction_shared
from schemas.envelope import ClientEvent, Envelope
from schemas.event_data import check_text


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor of a request.

    `key`: of their records; `shared`: the Avro bytes of Interaction's fields from session_id on;
    `truncated`: which of these were cut.
    """

    session_id: str
    client: Client
    key: bytes
    shared: bytes
    truncated: tuple[str, ...]


class Who(NamedTuple):
    """What tells one visitor of a request from another. `has_touch`: see `enrichment.user_agent`."""

    session_id: str
    user_id: str | None
    user_agent: str | None
    has_touch: bool


class BrowserVisitors:
    """One visitor, of whom each event may say anew what device it came from."""

    def __init__(self, common: Mapping[str, Any], who: Who) -> None:
        """`common`: the fields of Interaction that all events of the request share."""
        self._common = common
        self._who = who
        self._by_touch: dict[bool, Visitor] = {}

    def of(self, event: ClientEvent) -> Visitor:
        """Raises InvalidEvent where the event names a user."""
        check_names_nobody(event)
        has_touch = self._who.has_touch or is_hand_held(event)
        visitor = self._by_touch.get(has_touch)
        if visitor is None:
            who = self._who._replace(has_touch=has_touch)
            visitor = self._by_touch[has_touch] = visitor_of(who, self._common)
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
        self._known: dict[Who, Visitor] = {}

    def of(self, event: ClientEvent) -> Visitor:
        """Raises InvalidEvent for an event without session, or an unusable user agent."""
        who = Who(
            session_of(event, self._batch_session),
            user_of(event, self._envelope, self._verified_user),
            _user_agent_passed_on(event),
            self._has_touch or is_hand_held(event),
        )
        visitor = self._known.get(who)
        if visitor is None:
            visitor = self._known[who] = visitor_of(who, self._common)
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


def visitor_of(who: Who, common: Mapping[str, Any]) -> Visitor:
    """The visitor that `who` tells of. `common`: the fields of Interaction that the whole request shares."""
    client = describe(who.user_agent, who.has_touch)
    user_agent = who.user_agent
    too_long = user_agent is not None and len(user_agent) > limits.USER_AGENT_CHARS
    shared = {
        **common,
        "session_id": who.session_id,
        "user_id": who.user_id,
        "browser": client.browser,
        "os": client.os,
        "user_agent": user_agent[: limits.USER_AGENT_CHARS] if user_agent is not None else None,
        "is_bot": client.is_bot,
        "bot_suspect": client.bot_suspect,
    }
    return Visitor(
        session_id=who.session_id,
        client=client,
        key=who.session_id.encode(),
        shared=interaction_shared(shared),
        truncated=("user_agent",) if too_long else (),
    )
