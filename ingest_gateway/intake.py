"""Each item of a batch becomes an interaction for Kafka, a rejection, or a repetition of one before it.

Pure: what the request and the process bring along comes in as plain values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ingest_gateway.batch import Batch, Malformed, refusal_of
from ingest_gateway.caller import Source
from ingest_gateway.enrichment.clock import TimeSource, occurred_at
from ingest_gateway.enrichment.user_agent import NOBODY, Client, describe
from ingest_gateway.errors import Refusal
from ingest_gateway.session import named, session_of, user_of
from schemas import limits
from schemas.client_time import epoch_ms
from schemas.envelope import ClientEvent, Envelope
from schemas.event_data import check_text, json_text
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent
from schemas.validation import ValidEvent, checked

Interaction = dict[str, Any]
"""One value of the topic `interactions`, by the field names of its Avro schema."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a batch came. `received_at`: epoch milliseconds; `user`: whom its token names."""

    source: Source
    received_at: int
    cookie_session: str | None = None
    user_agent: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that was not taken. `raw` is what was sent; `index` its place in the batch, from 0."""

    index: int
    raw: object
    reason: Reason
    message: str

    @property
    def event_id(self) -> str | None:
        """The id the client gave, where it can be repeated in an answer."""
        given = self.raw.get("eventId") if isinstance(self.raw, dict) else None
        usable = (
            isinstance(given, str)
            and given.isascii()
            and given.isprintable()
            and len(given) <= limits.ID_CHARS
        )
        return given if usable else None


@dataclass(slots=True)
class Intake:
    """What became of a batch: its items are `accepted` + `rejected` + `duplicates`."""

    accepted: list[Interaction] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Stamps:
    """Where new numbers come from: event ids, and this process's running receipt."""

    gateway_boot: str
    next_receipt: Callable[[], int]
    new_event_id: Callable[[int], str]


def take_in(batch: Batch, arrival: Arrival, stamps: Stamps) -> Intake:
    """Judge every item. Raises Refusal where the envelope itself cannot be used."""
    session_id = _batch_session(batch.envelope, arrival)
    try:
        shared = _shared_fields(batch.envelope, arrival, stamps.gateway_boot)
    except InvalidEvent as fault:
        raise refusal_of(fault) from None
    intake = Intake()
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(batch.items):
        if isinstance(item, Malformed):
            intake.rejected.append(Rejected(index, item.raw, item.fault.reason, item.fault.message))
            continue
        try:
            interaction = _interaction(item, arrival, batch.envelope, session_id, shared, stamps)
        except InvalidEvent as fault:
            intake.rejected.append(Rejected(index, item, fault.reason, fault.message))
            continue
        identity = (interaction["session_id"], interaction["event_id"])
        if identity in seen:
            intake.duplicates += 1
            continue
        seen.add(identity)
        interaction["receipt"] = stamps.next_receipt()
        intake.accepted.append(interaction)
    return intake


def _batch_session(envelope: Envelope, arrival: Arrival) -> str | None:
    given = envelope.get("sessionId")
    session_id = named(_clean_cookie(arrival.cookie_session) if given is None else given)
    if session_id is None and arrival.source is Source.BROWSER:
        raise Refusal(Reason.MISSING_SESSION, "send sessionId beside the events: no placeholder, not empty")
    if session_id is not None and len(session_id) > limits.ID_CHARS:
        raise Refusal(Reason.ID_TOO_LONG, f"a session id has at most {limits.ID_CHARS} characters")
    return session_id


def _clean_cookie(session_id: str | None) -> str | None:
    """A cookie's value may hold a quoted NUL; nobody's session is named so."""
    return None if session_id is None or not session_id.isprintable() else session_id


def _shared_fields(envelope: Envelope, arrival: Arrival, gateway_boot: str) -> Interaction:
    context = envelope.get("context")
    return {
        "visitor_id": envelope.get("visitorId"),
        "tab_id": envelope.get("tabId"),
        "sent_at": epoch_ms("sentAt", envelope.get("sentAt")),
        "received_at": arrival.received_at,
        "source": arrival.source.value,
        "sdk": envelope.get("sdk"),
        "context": None if context is None else json_text("context", context, limits.CONTEXT_BYTES),
        "consent": envelope.get("consent"),
        "gateway_boot": gateway_boot,
    }


def _interaction(
    item: ClientEvent,
    arrival: Arrival,
    envelope: Envelope,
    batch_session: str | None,
    shared: Mapping[str, Any],
    stamps: Stamps,
) -> Interaction:
    event = checked(item)
    session_id = session_of(item, arrival.source, batch_session)
    user_id = user_of(item, arrival.source, envelope, arrival.user)
    time, time_source = occurred_at(event.client_time, shared["sent_at"], arrival.received_at)
    user_agent, client = _speaker(item, arrival, _has_touch(event.device_type, envelope))
    return {
        **shared,
        **_own_fields(event, time, time_source),
        **_client_fields(event, user_agent, client),
        "event_id": event.event_id or stamps.new_event_id(arrival.received_at),
        "session_id": session_id,
        "user_id": user_id,
    }


def _own_fields(event: ValidEvent, time: int, time_source: TimeSource) -> Interaction:
    return {
        "event_type": event.type.name,
        "event_category": event.type.category.value,
        "occurred_at": time,
        "time_source": time_source.value,
        "client_time": event.client_time,
        "path": event.path,
        "perfume_id": event.perfume_id,
        "house_id": event.house_id,
        "note_id": event.note_id,
        "event_data": event.event_data,
        "duration": event.duration,
        "value": event.value,
        "referrer": event.referrer,
        "seq": event.seq,
    }


def _has_touch(claimed_device: str | None, envelope: Envelope) -> bool:
    """Whether the client's own word says that it is no desktop computer, whatever its user agent says."""
    context = envelope.get("context") or {}
    fingers = context.get("maxTouchPoints")
    return claimed_device in ("tablet", "mobile") or (isinstance(fingers, int) and fingers > 1)


def _speaker(item: ClientEvent, arrival: Arrival, has_touch: bool) -> tuple[str | None, Client]:
    """The visitor's user agent: a server's own header names its HTTP library, not a visitor's browser."""
    if arrival.source is Source.BROWSER:
        return arrival.user_agent, describe(arrival.user_agent, has_touch)
    passed_on = item.get("userAgent")
    if passed_on is None:
        return None, NOBODY
    check_text("userAgent", passed_on)
    return passed_on, describe(passed_on, has_touch)


_NO_WORD: Final = (None, "unknown")


def _client_fields(event: ValidEvent, user_agent: str | None, client: Client) -> Interaction:
    too_long = user_agent is not None and len(user_agent) > limits.USER_AGENT_CHARS
    claimed = event.device_type
    return {
        "browser": client.browser,
        "os": client.os,
        "device_type": client.device_type if client.is_bot or claimed in _NO_WORD else claimed,
        "is_bot": client.is_bot,
        "bot_suspect": client.bot_suspect,
        "user_agent": user_agent[: limits.USER_AGENT_CHARS] if user_agent is not None else None,
        "truncated": [*event.truncated, "user_agent"] if too_long else list(event.truncated),
    }
