"""Everyday events and envelopes: as good as all that browsers send, told from the others at a glance.

`schemas.envelope` is the definition of what is accepted. The tables here say yes to less: to known fields,
each of which is in order. Pydantic accepts all of that and changes nothing in it, as a property test makes
sure, but takes several times as long. What gets no yes here is for pydantic, which also says why not.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard, get_args

from schemas import limits
from schemas.envelope import ClientEvent, Consent, DeviceType, Envelope
from schemas.json_shapes import Integer, Number, Object, Shape, Text, Time

_ID: Final = Text(1, limits.ID_CHARS)
_SESSION_ID: Final = Text(0, limits.ID_CHARS)
_TEXT: Final = Text()
_COUNT: Final = Integer(0, limits.INT64_MAX)
_EXACT: Final = 2**53
"""Up to here an integer is the same number as a float."""


class _Field:
    """A field of an event. `own`: our name for it.

    None for what says whose the event is: a claim, to be looked at as it was given, and no field of ours.
    """

    def __init__(self, own: str | None, shape: Shape) -> None:
        self.own = own
        self.shape = shape


_FIELDS: Final[dict[str, _Field]] = {
    "eventType": _Field("event_type", _TEXT),
    "path": _Field("path", Text(1, limits.PATH_CHARS)),
    "eventId": _Field("event_id", _TEXT),
    "eventCategory": _Field("event_category", _TEXT),
    "timestamp": _Field("client_time", Time()),
    "perfumeId": _Field("perfume_id", _ID),
    "houseId": _Field("house_id", _ID),
    "noteId": _Field("note_id", _ID),
    "eventData": _Field("event_data", Object()),
    "duration": _Field("duration", _COUNT),
    "value": _Field("value", Number(-_EXACT, _EXACT)),
    "referrer": _Field("referrer", _TEXT),
    "deviceType": _Field("device_type", Text(choices=get_args(DeviceType))),
    "seq": _Field("seq", _COUNT),
    "sessionId": _Field(None, _SESSION_ID),
    "userId": _Field(None, _ID),
    "userAgent": _Field(None, _TEXT),
}
_ENVELOPE: Final[dict[str, Shape]] = {
    "sessionId": _SESSION_ID,
    "userId": _ID,
    "tabId": _ID,
    "visitorId": _ID,
    "sentAt": Time(),
    "consent": Text(choices=get_args(Consent)),
    "key": _TEXT,
    "userToken": _TEXT,
    "sdk": _ID,
    "context": Object(),
}
OWN_NAMES: Final = {name: field.own for name, field in _FIELDS.items() if field.own is not None}
"""Our names of an event's fields, by those that clients use."""

_NONE_GIVEN: Final[dict[str, Any]] = dict.fromkeys(OWN_NAMES.values())


def is_everyday_envelope(document: Mapping[str, Any]) -> TypeGuard[Envelope]:
    """Whether what orjson made of a body, without its events, is an everyday envelope."""
    for name, value in document.items():
        shape = _ENVELOPE.get(name)
        if shape is None or not (value is None or shape.fits(value)):
            return False
    return True


def everyday_fields(event: object) -> dict[str, Any] | None:
    """The fields of what orjson made of an everyday event, by our names, None where not given.

    None for an event that is not everyday.
    """
    if not isinstance(event, dict):
        return None
    given: dict[Any, Any] = event
    fields = _NONE_GIVEN.copy()
    for name, value in given.items():
        field = _FIELDS.get(name)
        if field is None or not (value is None or field.shape.fits(value)):
            return None
        if field.own is not None:
            fields[field.own] = value
    return None if fields["event_type"] is None or fields["path"] is None else fields


def fields_of(event: ClientEvent) -> dict[str, Any]:
    """The same of an event that pydantic has looked at, whose shape is right."""
    given = {OWN_NAMES[name]: value for name, value in event.items() if name in OWN_NAMES}
    return {**_NONE_GIVEN, **given}
