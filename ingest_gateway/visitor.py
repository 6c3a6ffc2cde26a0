"""Whose an event is, and what one visitor's events in a request have in common: worked out once."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ingest_gateway.enrichment.user_agent import Client, describe
from schemas import limits


class Who(NamedTuple):
    """What tells one visitor of a request from another. `has_touch`: see `enrichment.user_agent`."""

    session_id: str
    user_id: str | None
    user_agent: str | None
    has_touch: bool


class Visitor(NamedTuple):
    """A visitor of a request.

    `shared`: the fields of Interaction from session_id on; `truncated`: which of them were cut.
    """

    shared: Mapping[str, Any]
    client: Client
    truncated: tuple[str, ...]


class Visitors:
    """The visitors of one request: one, unless a server speaks for several."""

    def __init__(self, request_fields: Mapping[str, Any]) -> None:
        """`request_fields`: what of Interaction all of them share."""
        self._request_fields = request_fields
        self._known: dict[Who, Visitor] = {}

    def get(self, who: Who) -> Visitor:
        """The same object for the same visitor."""
        known = self._known.get(who)
        if known is None:
            known = self._known[who] = self._new(who)
        return known

    def _new(self, who: Who) -> Visitor:
        client = describe(who.user_agent, who.has_touch)
        user_agent = who.user_agent
        too_long = user_agent is not None and len(user_agent) > limits.USER_AGENT_CHARS
        shared = {
            **self._request_fields,
            "session_id": who.session_id,
            "user_id": who.user_id,
            "browser": client.browser,
            "os": client.os,
            "user_agent": user_agent[: limits.USER_AGENT_CHARS] if user_agent is not None else None,
            "is_bot": client.is_bot,
            "bot_suspect": client.bot_suspect,
        }
        return Visitor(shared, client, ("user_agent",) if too_long else ())
