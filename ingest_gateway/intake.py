"""Each item of a batch becomes an interaction for Kafka, a rejection, or a repetition of one before it.

Pure: what the request and the process bring along comes in as plain values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ingest_gateway.batch import Batch, Malformed, refusal_of
from ingest_gateway.caller import Source
from ingest_gateway.enrichment.clock import occurred_at
from ingest_gateway.errors import Refusal
from ingest_gateway.session import named, session_of, user_of
from ingest_gateway.visitor import Visitor, Visitors, Who
from schemas import limits
from schemas.client_time import epoch_ms
from schemas.envelope import ClientEvent, Envelope
from schemas.event_data import check_text, json_text
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent
from schemas.validation import ValidEvent, checked


class Interaction(NamedTuple):
    """One value of the topic `interactions`, by the field names of its Avro schema.

    `own`: the fields before session_id. `shared`: those from it on, the same object for all events of a
    request that have them in common, so that they are encoded once.
    """

    own: ValidEvent
    shared: Mapping[str, Any]


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
        visitors = Visitors(_request_fields(batch.envelope, arrival, stamps.gateway_boot))
    except InvalidEvent as fault:
        raise refusal_of(fault) from None
    intake = Intake()
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(batch.items):
        if isinstance(item, Malformed):
            intake.rejected.append(Rejected(index, item.raw, item.fault.reason, item.fault.message))
            continue
        try:
            event = checked(item)
            visitor = visitors.get(_who(item, batch.envelope, arrival, session_id))
            event_id = _complete(event, visitor, arrival, stamps)
        except InvalidEvent as fault:
            intake.rejected.append(Rejected(index, item, fault.reason, fault.message))
            continue
        identity = (visitor.shared["session_id"], event_id)
        if identity in seen:
            intake.duplicates += 1
            continue
        seen.add(identity)
        event["receipt"] = stamps.next_receipt()
        intake.accepted.append(Interaction(event, visitor.shared))
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


def _request_fields(envelope: Envelope, arrival: Arrival, gateway_boot: str) -> dict[str, Any]:
    context = envelope.get("context")
    return {
        "visitor_id": envelope.get("visitorId"),
        "tab_id": envelope.get("tabId"),
        "sent_at": epoch_ms("sentAt", envelope.get("sentAt")),
        "received_at": arrival.received_at,
        "source": str(arrival.source),
        "sdk": envelope.get("sdk"),
        "context": None if context is None else json_text("context", context, limits.CONTEXT_BYTES),
        "consent": envelope.get("consent"),
        "gateway_boot": gateway_boot,
    }


def _who(item: ClientEvent, envelope: Envelope, arrival: Arrival, batch_session: str | None) -> Who:
    return Who(
        session_of(item, arrival.source, batch_session),
        user_of(item, arrival.source, envelope, arrival.user),
        _user_agent(item, arrival),
        _has_touch(item.get("deviceType"), envelope),
    )


def _has_touch(claimed_device: str | None, envelope: Envelope) -> bool:
    """Whether the client's own word says that it is no desktop computer, whatever its user agent says."""
    context = envelope.get("context") or {}
    fingers = context.get("maxTouchPoints")
    return claimed_device in ("tablet", "mobile") or (isinstance(fingers, int) and fingers > 1)


def _user_agent(item: ClientEvent, arrival: Arrival) -> str | None:
    """The visitor's: a server's own header names its HTTP library, not a visitor's browser."""
    if arrival.source is Source.BROWSER:
        return arrival.user_agent
    passed_on = item.get("userAgent")
    if passed_on is not None:
        check_text("userAgent", passed_on)
    return passed_on


_NO_WORD: Final = (None, "unknown")


def _complete(event: ValidEvent, visitor: Visitor, arrival: Arrival, stamps: Stamps) -> str:
    """Fill in all but the receipt; gives the event's id. Raises InvalidEvent (too_old)."""
    time, time_source = occurred_at(event["client_time"], visitor.shared["sent_at"], arrival.received_at)
    event["occurred_at"], event["time_source"] = time, str(time_source)
    client = visitor.client
    if client.is_bot or event["device_type"] in _NO_WORD:
        event["device_type"] = client.device_type
    event["truncated"] += visitor.truncated
    event_id = event["event_id"]
    if event_id is None:
        event_id = event["event_id"] = stamps.new_event_id(arrival.received_at)
    return event_id
