"""From body bytes to a batch: an envelope, and items each of which is an event or says why it is none.

The everyday body is told at a glance; others are for pydantic, in one pass. Only a body that does not pass
is looked at again, leniently and event by event, so that one bad event does not cost its neighbours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from ingest_gateway.consent import check_consent, check_consent_in_text, check_every_consent
from ingest_gateway.errors import Refusal
from ingest_gateway.json_document import RepeatedKey, canonical, readable, repeats_a_key
from schemas import limits
from schemas.envelope import ClientEvent, EitherRequest, Envelope
from schemas.event_data import check_text
from schemas.everyday import is_everyday
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent, shown
from schemas.validation import fault_of, typed

_REQUEST: Final = TypeAdapter(EitherRequest)
_ENVELOPE: Final = TypeAdapter(Envelope)
_ESCAPED_NUL: Final = b"\\u0000"


@dataclass(frozen=True, slots=True)
class Malformed:
    """An item that is no event. `raw` is what was sent."""

    raw: Any
    fault: InvalidEvent


@dataclass(frozen=True, slots=True)
class Batch:
    """One request's content. `single`: it came as `event`, and is answered as one."""

    envelope: Envelope
    items: list[ClientEvent | Malformed]
    single: bool


def parse(body: bytes) -> Batch:
    """The batch in a body. Raises Refusal, or Dropped where its consent says no."""
    request = _strictly(body)
    if request is None:
        return _leniently(body)
    check_consent(request.get("consent"))
    single = "event" in request
    events = [request.pop("event")] if single else request.pop("events")
    return Batch(request, _without_giants(events, len(body)), single)


def _strictly(body: bytes) -> EitherRequest | None:
    """The body, where every event in it is well formed and it has exactly one of `event` and `events`."""
    # To look for one byte takes a twentieth of the time.
    document = None if b"\\" in body and _ESCAPED_NUL in body else canonical(body)
    if document is None:
        return None
    if is_everyday(document):
        return document
    try:
        request = _REQUEST.validate_python(document)
    except ValidationError:
        return None
    return request if ("event" in request) != ("events" in request) else None


def _leniently(body: bytes) -> Batch:
    raw, repeated = _object(body)
    check_every_consent(raw)
    if repeated and (isinstance(raw, RepeatedKey) or repeats_a_key(raw.get("context"))):
        raise Refusal(Reason.DUPLICATE_KEY, "the body names a key twice, outside of its events")
    envelope = _envelope(raw)
    items = [_item(item, repeated) for item in _raw_items(raw)]
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


def _item(raw: object, look_for_repeated_keys: bool) -> ClientEvent | Malformed:
    try:
        if look_for_repeated_keys and repeats_a_key(raw):
            raise InvalidEvent(Reason.DUPLICATE_KEY, "an object in the event names a key twice")
        return typed(raw)
    except InvalidEvent as fault:
        return Malformed(raw, fault)


def _without_giants(
    items: Iterable[ClientEvent | Malformed], body_bytes: int
) -> list[ClientEvent | Malformed]:
    if body_bytes <= limits.EVENT_BYTES:
        return list(items)
    return [item if isinstance(item, Malformed) else _bounded(item) for item in items]


def _bounded(event: ClientEvent) -> ClientEvent | Malformed:
    try:
        size = len(orjson.dumps(event))
    except orjson.JSONEncodeError:
        return event  # a number or text in its eventData cannot be written: that check has its own reason
    if size <= limits.EVENT_BYTES:
        return event
    return Malformed(
        event,
        InvalidEvent(
            Reason.EVENT_TOO_LARGE,
            f"the event is {size} bytes of JSON; at most {limits.EVENT_BYTES} are taken",
        ),
    )
