"""The everyday body: as good as every one that a browser sends, told from the others at a glance.

`schemas.envelope` is the definition of what is accepted. This says yes to less: to bodies of known fields,
each of which is in order. Pydantic accepts all of them and changes nothing in them, as a property test makes
sure, but takes several times as long. What gets no yes here is for pydantic, which also says why not.
"""

from typing import Final, TypeGuard, get_args

from schemas import limits
from schemas.envelope import Consent, DeviceType, EitherRequest
from schemas.json_shapes import Fields, Integer, Listing, Number, Object, Text, Time

_ID: Final = Text(1, limits.ID_CHARS)
_SESSION_ID: Final = Text(0, limits.ID_CHARS)
_ANY_TEXT: Final = Text()
_COUNT: Final = Integer(0, limits.INT64_MAX)

EVENT: Final = Fields(
    {
        "eventType": _ANY_TEXT,
        "path": Text(1, limits.PATH_CHARS),
        "eventId": _ANY_TEXT,
        "eventCategory": _ANY_TEXT,
        "timestamp": Time(),
        "perfumeId": _ID,
        "houseId": _ID,
        "noteId": _ID,
        "eventData": Object(),
        "duration": _COUNT,
        "value": Number(),
        "referrer": _ANY_TEXT,
        "deviceType": Text(choices=get_args(DeviceType)),
        "seq": _COUNT,
        "sessionId": _SESSION_ID,
        "userId": _ID,
        "userAgent": _ANY_TEXT,
    },
    required=("eventType", "path"),
)
_ENVELOPE: Final = {
    "sessionId": _SESSION_ID,
    "userId": _ID,
    "tabId": _ID,
    "visitorId": _ID,
    "sentAt": Time(),
    "consent": Text(choices=get_args(Consent)),
    "key": _ANY_TEXT,
    "userToken": _ANY_TEXT,
    "sdk": _ID,
    "context": Object(),
}
_SINGLE: Final = Fields({**_ENVELOPE, "event": EVENT}, required=("event",))
_BATCH: Final = Fields({**_ENVELOPE, "events": Listing(EVENT, 1, limits.BATCH_EVENTS)}, required=("events",))


def is_everyday(document: object) -> TypeGuard[EitherRequest]:
    """Whether what orjson made of a body is an everyday one, with one event in it or with several."""
    if not isinstance(document, dict):
        return False
    return (_BATCH if "events" in document else _SINGLE).fits(document)
