"""From body bytes to a batch: an envelope, and items each of which is an event or says why it is none.

The usual body is as JSON.stringify writes it, and is read in one pass. Any other is parsed again, leniently.
Either way each event is looked at by itself, so that a bad one does not cost its neighbours.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from ingest_gateway.consent import check_consent, check_consent_in_text, check_every_consent
from ingest_gateway.errors import Refusal
from ingest_gateway.json_document import RepeatedKey, canonical, readable, repeats_a_key
from schemas import limits
from schemas.envelope import Envelope
from schemas.event_data import check_text
from schemas.everyday import is_everyday_envelope
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent, shown
from schemas.validation import ClientsEvent, fault_of, read, read_clean

_ENVELOPE: Final = TypeAdapter(Envelope)
_ESCAPED_NUL: Final = b"\\u0000"


class Malformed:
    """An item that is no event. `raw` is what was sent."""

    def __init__(self, raw: object, fault: InvalidEvent) -> None:
        self.raw = raw
        self.fault = fault


Item = ClientsEvent | Malformed


class Batch:
    """One request's content. `single`: it came as `event`, and is answered as one."""

    def __init__(self, envelope: Envelope, items: list[Item], single: bool) -> None:
        self.envelope = envelope
        self.items = items
        self.single = single


def parse(body: bytes) -> Batch:
    """The batch in a body. Raises Refusal, or Dropped where its consent says no."""
    return _strictly(body) or _leniently(body)


def _strictly(body: bytes) -> Batch | None:
    """The batch in a body that nothing is wrong with as a whole, and that holds no NUL. Raises Dropped."""
    # To look for one byte takes a twentieth of the time.
    document = None if b"\\" in body and _ESCAPED_NUL in body else canonical(body)
    if not isinstance(document, dict):
        return None
    single = "event" in document
    if single == ("events" in document):
        return None
    raw = [document.pop("event")] if single else document.pop("events")
    envelope = _envelope_at_once(document)
    if envelope is None or not isinstance(raw, list) or not 0 < len(raw) <= limits.BATCH_EVENTS:
        return None
    check_consent(envelope.get("consent"))
    return Batch(envelope, _without_giants([_item(item, read_clean) for item in raw], len(body)), single)


def _envelope_at_once(document: dict[str, Any]) -> Envelope | None:
    if is_everyday_envelope(document):
        return document
    try:
        return _ENVELOPE.validate_python(document)
    except ValidationError:
        return None


def _leniently(body: bytes) -> Batch:
    raw, repeated = _object(body)
    check_every_consent(raw)
    if repeated and (isinstance(raw, RepeatedKey) or repeats_a_key(raw.get("context"))):
        raise Refusal(Reason.DUPLICATE_KEY, "the body names a key twice, outside of its events")
    envelope = _envelope(raw)
    read_one = _read_unless_repeating if repeated else read
    items = [_item(item, read_one) for item in _raw_items(raw)]
    return Batch(envelope, _without_giants(items, len(body)), single="event" in raw)


def _object(body: bytes) -> tuple[dict[str, Any], bool]:
    """The object in a body, and whether a key is named twice in it. Where there is none, its text is asked
    for a no before anything is said, or kept, about it."""
    try:
        raw, repeated = readable(body)
        if not isinstance(raw, dict):
            raise Refusal(Reason.INVALID_SHAPE, f"expected an object with event or events, not {shown(raw)}")
    except Refusal:
        check_consent_in_text(body)
        raise
    return raw, repeated


def _envelope(raw: dict[str, Any]) -> Envelope:
    try:
        for name in raw.keys() & Envelope.__annotations__.keys():
            if isinstance(raw[name], str):
                check_text(name, raw[name])
        return _ENVELOPE.validate_python(raw)
    except ValidationError as error:
        raise refusal_of(fault_of(error)) from None
    except InvalidEvent as fault:
        raise refusal_of(fault) from None


def refusal_of(fault: InvalidEvent) -> Refusal:
    """A fault in the envelope concerns the whole request."""
    plain = fault.reason in (Reason.INVALID_FIELD, Reason.MISSING_FIELD)
    return Refusal(Reason.INVALID_SHAPE if plain else fault.reason, fault.message)


def _raw_items(raw: dict[str, Any]) -> list[object]:
    if ("event" in raw) == ("events" in raw):
        raise Refusal(Reason.INVALID_SHAPE, "expected exactly one of event and events")
    if "event" in raw:
        return [raw["event"]]
    events = raw["events"]
    if not isinstance(events, list) or not events:
        raise Refusal(Reason.INVALID_SHAPE, "events is a list of at least one event")
    if len(events) > limits.BATCH_EVENTS:
        raise Refusal(
            Reason.TOO_MANY_EVENTS, f"{len(events)} events; a request carries at most {limits.BATCH_EVENTS}"
        )
    return events


def _item(raw: object, read_one: Callable[[object], ClientsEvent]) -> Item:
    try:
        return read_one(raw)
    except InvalidEvent as fault:
        return Malformed(raw, fault)


def _read_unless_repeating(raw: object) -> ClientsEvent:
    if repeats_a_key(raw):
        raise InvalidEvent(Reason.DUPLICATE_KEY, "an object in the event names a key twice")
    return read(raw)


def _without_giants(items: list[Item], body_bytes: int) -> list[Item]:
    if body_bytes <= limits.EVENT_BYTES:
        return items
    return [item if isinstance(item, Malformed) else _bounded(item) for item in items]


def _bounded(event: ClientsEvent) -> Item:
    try:
        size = len(orjson.dumps(event.given))
    except orjson.JSONEncodeError:
        return event  # a number or text in its eventData cannot be written: that check has its own reason
    if size <= limits.EVENT_BYTES:
        return event
    return Malformed(
        event.given,
        InvalidEvent(
            Reason.EVENT_TOO_LARGE,
            f"the event is {size} bytes of JSON; at most {limits.EVENT_BYTES} are taken",
        ),
    )
