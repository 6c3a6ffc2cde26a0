"""One event of a client: from any JSON value to an event that keeps every rule, or the reason why not.

Pure: no clock, no identity, no request. The gateway adds what only it knows.
"""

from collections.abc import Mapping
from typing import Any, Final, NotRequired, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from schemas import limits
from schemas.catalogue import CATALOGUE, VIEW_ENDED_TARGET
from schemas.client_time import epoch_ms
from schemas.envelope import ClientEvent
from schemas.event_data import check_known_keys, check_text, is_rating, json_text
from schemas.event_type import RATING_MAX, RATING_MIN, EventType
from schemas.everyday import OWN_NAMES, everyday_fields, fields_of
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent, shown, shown_of
from schemas.storable import is_canonical_uuid

_EVENT: Final = TypeAdapter(ClientEvent)
_ROWS: Final = dict(CATALOGUE)
"""A plain dictionary: a read-only view of one takes four times as long to look into."""

_VIEW_ENDED: Final = "VIEW_ENDED"
RATED_BY: Final[Mapping[str, str]] = {"RATING_COMPLETED": "ratings", "RATING_UPDATED": "newRatings"}
"""Where in eventData the rating stands that an event's `value` repeats."""


class ValidEvent(TypedDict):
    """An event that keeps every rule of envelope and catalogue, by the field names of Interaction.

    `event_data` is JSON text; `device_type` the client's claim. The last three are the gateway's to fill in,
    as are `event_id` and `device_type` where they are None.
    """

    event_id: str | None
    event_type: str
    event_category: str
    client_time: int | None
    path: str
    perfume_id: str | None
    house_id: str | None
    note_id: str | None
    event_data: str | None
    duration: int | None
    value: float | None
    referrer: str | None
    device_type: str | None
    seq: int | None
    truncated: tuple[str, ...]
    occurred_at: NotRequired[int]
    time_source: NotRequired[str]
    receipt: NotRequired[int]


def typed(raw: object) -> ClientEvent:
    """A JSON value as an event of the right shape. Raises InvalidEvent."""
    if not isinstance(raw, dict):
        raise InvalidEvent(Reason.INVALID_SHAPE, f"an event is an object, not {shown(raw)}")
    for name in raw.keys() & ClientEvent.__annotations__.keys():
        if isinstance(raw[name], str):
            check_text(name, raw[name])
    try:
        return _EVENT.validate_python(raw)
    except ValidationError as error:
        raise fault_of(error) from None


class ClientsEvent:
    """An event of the right shape: as it was `given`, and its `fields` by our names, None where not given."""

    def __init__(self, given: ClientEvent, fields: dict[str, Any]) -> None:
        self.given = given
        self.fields = fields


def read(raw: object) -> ClientsEvent:
    """A JSON value as an event of the right shape. Raises InvalidEvent."""
    event = typed(raw)
    return ClientsEvent(event, fields_of(event))


def read_clean(raw: object) -> ClientsEvent:
    """The same for what orjson made of a body without NULs: no other unusable text gets through it."""
    fields = everyday_fields(raw)
    return read(raw) if fields is None else ClientsEvent(cast(ClientEvent, raw), fields)


def checked(read_event: ClientsEvent) -> ValidEvent:
    """The event against the catalogue and the limits. Raises InvalidEvent."""
    event = read_event.fields.copy()
    row = _ROWS.get(event["event_type"])
    if row is None:
        raise InvalidEvent(Reason.UNKNOWN_TYPE, f"{shown(event['event_type'])} is not in the event catalogue")
    category = event["event_category"]
    if category is None:
        event["event_category"] = str(row.category)
    elif category != row.category:
        raise InvalidEvent(
            Reason.WRONG_CATEGORY, f"{row.name} is of category {row.category}, not {shown(category)}"
        )
    for field in row.requires:
        if event[OWN_NAMES[field]] is None:
            raise InvalidEvent(Reason.MISSING_FIELD, f"{row.name} requires {field}")
    _check_data(row, event)
    event["event_id"] = _event_id(event["event_id"])
    event["client_time"] = epoch_ms("timestamp", event["client_time"])
    referrer = event["referrer"]
    cut = referrer is not None and len(referrer) > limits.REFERRER_CHARS
    if cut:
        event["referrer"] = referrer[: limits.REFERRER_CHARS]
    event["truncated"] = ("referrer",) if cut else ()
    return cast(ValidEvent, event)


def _check_data(row: EventType, event: dict[str, Any]) -> None:
    """Check eventData, and what of the event depends on it; eventData becomes text."""
    given: dict[str, Any] | None = event["event_data"]
    if given is not None:
        event["event_data"] = json_text("eventData", given, limits.EVENT_DATA_BYTES)
    data = {} if given is None else given
    check_known_keys(row, data)
    if row.name == _VIEW_ENDED:
        _check_view_target(row, event, data)
    if row.name in RATED_BY:
        event["value"] = _rating(row, event["value"], data)


def _event_id(text: str | None) -> str | None:
    if text is None:
        return None
    if is_canonical_uuid(text):
        return text
    canonical = text.lower()
    if not is_canonical_uuid(canonical):
        raise InvalidEvent(Reason.INVALID_FIELD, f"eventId is {shown(text)}; expected a UUID, or none at all")
    return canonical


def _check_view_target(row: EventType, event: dict[str, Any], data: Mapping[str, Any]) -> None:
    target = VIEW_ENDED_TARGET.get(data["viewType"])
    if target is not None and event[OWN_NAMES[target]] is None:
        raise InvalidEvent(Reason.MISSING_FIELD, f"{row.name} of a {data['viewType']} requires {target}")


def _rating(row: EventType, value: float | None, data: Mapping[str, Any]) -> float | None:
    """The value of a rating: the overall one, from eventData where it is not given."""
    where = RATED_BY[row.name]
    overall = (data.get(where) or {}).get("overall")
    if value is None:
        return None if overall is None else float(overall)
    if not is_rating(value):
        raise InvalidEvent(
            Reason.INVALID_FIELD, f"value of {row.name} is {value}; expected {RATING_MIN} to {RATING_MAX}"
        )
    if overall is not None and overall != value:
        raise InvalidEvent(
            Reason.INVALID_FIELD, f"value is {value}, eventData.{where}.overall {overall}: expected the same"
        )
    return value


_TOO_LONG: Final = {"path": Reason.PATH_TOO_LONG}
_BY_KIND: Final = {
    "missing": Reason.MISSING_FIELD,
    "finite_number": Reason.NUMBER_OUT_OF_RANGE,
    "less_than_equal": Reason.NUMBER_OUT_OF_RANGE,
    "string_unicode": Reason.INVALID_TEXT,
}


def fault_of(error: ValidationError) -> InvalidEvent:
    """The first thing wrong with a shape, in our words."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if not name:
        return InvalidEvent(Reason.INVALID_SHAPE, f"expected an object, not {shown(first['input'])}")
    given = "" if first["type"] == "missing" else f" is {shown_of(name, first['input'])}"
    return InvalidEvent(_reason_of(first, name), f"{name}{given}: {first['msg']}")


def _reason_of(detail: ErrorDetails, name: str) -> Reason:
    if name in ("timestamp", "sentAt"):
        return Reason.INVALID_TIMESTAMP
    if detail["type"] == "string_too_long":
        return _TOO_LONG.get(name, Reason.ID_TOO_LONG)
    return _BY_KIND.get(detail["type"], Reason.INVALID_FIELD)
