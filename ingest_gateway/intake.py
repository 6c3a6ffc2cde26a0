"""Each item of a batch becomes an interaction for Kafka, a rejection, or a repetition of one before it.

Pure: what the request and the process bring along comes in as plain values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ingest_gateway.batch import Batch, Malformed, refusal_of
from ingest_gateway.caller import Source
from ingest_gateway.enrichment.clock import BatchClock
from ingest_gateway.errors import Refusal
from ingest_gateway.session import named
from ingest_gateway.visitor import BrowserVisitors, ServerVisitors, Visitor, Visitors
from schemas import limits
from schemas.avro_encoders import interaction_own
from schemas.client_time import epoch_ms
from schemas.envelope import Envelope
from schemas.event_data import json_text
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent
from schemas.validation import ValidEvent, checked

Interaction = tuple[str, bytes, Visitor]
"""One value of the topic `interactions`: its event's id, and the Avro bytes of the fields before session_id.

The visitor has the others, so that they are encoded once for all events of a request that share them.
"""


class Arrival:
    """How a batch came. `received_at`: epoch milliseconds; `user`: whom its token names."""

    def __init__(
        self,
        source: Source,
        received_at: int,
        cookie_session: str | None = None,
        user_agent: str | None = None,
        user: str | None = None,
    ) -> None:
        self.source = source
        self.received_at = received_at
        self.cookie_session = cookie_session
        self.user_agent = user_agent
        self.user = user


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that was not taken. `raw` is what was sent; `index` its place in the batch, from 0."""

    index: int
    raw: Any
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


class Intake:
    """What became of a batch: its items are `accepted` + `rejected` + `duplicates`.

    All that is kept of a batch while Kafka is waited for. `single`: it came as `event`, not as `events`.
    """

    def __init__(self, envelope: Envelope, single: bool) -> None:
        self.envelope = envelope
        self.single = single
        self.accepted: list[Interaction] = []
        self.rejected: list[Rejected] = []
        self.duplicates = 0


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
        sent_at = epoch_ms("sentAt", batch.envelope.get("sentAt"))
        common = _common_fields(batch.envelope, arrival, sent_at, stamps.gateway_boot)
    except InvalidEvent as fault:
        raise refusal_of(fault) from None
    visitors = _visitors(batch.envelope, arrival, session_id, common)
    clock = BatchClock(sent_at, arrival.received_at)
    intake = Intake(batch.envelope, batch.single)
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(batch.items):
        if isinstance(item, Malformed):
            intake.rejected.append(Rejected(index, item.raw, item.fault.reason, item.fault.message))
            continue
        try:
            event = checked(item)
            visitor = visitors.of(item.given)
            event_id = _complete(event, visitor, clock, stamps)
        except InvalidEvent as fault:
            intake.rejected.append(Rejected(index, item.given, fault.reason, fault.message))
            continue
        identity = (visitor.session_id, event_id)
        if identity in seen:
            intake.duplicates += 1
            continue
        seen.add(identity)
        event["receipt"] = stamps.next_receipt()
        intake.accepted.append((event_id, interaction_own(cast(dict[str, Any], event)), visitor))
    return intake


def _visitors(
    envelope: Envelope, arrival: Arrival, session_id: str | None, common: Mapping[str, Any]
) -> Visitors:
    fingers = (envelope.get("context") or {}).get("maxTouchPoints")
    has_touch = isinstance(fingers, int) and fingers > 1
    if session_id is None or arrival.source is Source.SERVER:
        return ServerVisitors(common, envelope, session_id, arrival.user, has_touch)
    return BrowserVisitors(common, session_id, arrival.user, arrival.user_agent, has_touch)


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


def _common_fields(
    envelope: Envelope, arrival: Arrival, sent_at: int | None, gateway_boot: str
) -> dict[str, Any]:
    context = envelope.get("context")
    return {
        "visitor_id": envelope.get("visitorId"),
        "tab_id": envelope.get("tabId"),
        "sent_at": sent_at,
        "received_at": arrival.received_at,
        "source": str(arrival.source),
        "sdk": envelope.get("sdk"),
        "context": None if context is None else json_text("context", context, limits.CONTEXT_BYTES),
        "consent": envelope.get("consent"),
        "gateway_boot": gateway_boot,
    }


def _complete(event: ValidEvent, visitor: Visitor, clock: BatchClock, stamps: Stamps) -> str:
    """Fill in all but the receipt; gives the event's id. Raises InvalidEvent (too_old)."""
    event["occurred_at"], event["time_source"] = clock.occurred_at(event["client_time"])
    client = visitor.client
    device = event["device_type"]
    if client.is_bot or device is None or device == "unknown":
        event["device_type"] = client.device_type
    if visitor.truncated:
        event["truncated"] += visitor.truncated
    event_id = event["event_id"]
    if event_id is None:
        event_id = event["event_id"] = stamps.new_event_id(clock.received_at)
    return event_id
