"""What one Interaction says about perfumes: the records that the session agent forwards.

Whatever can be wrong with an event's free part shows up here, before any row is touched; the perfume agent
meets numbers and texts only. eventData is parsed only where a figure depends on it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from schemas import limits
from schemas.avro_schemas import field_names
from schemas.event_data import is_rating
from schemas.reasons import Reason
from stream_processors.errors import Refused

Fields = dict[str, Any]

_EMPTY: Final[Fields] = dict.fromkeys(field_names("perfume_activity"))


def activities(interaction: Mapping[str, Any]) -> list[tuple[str, Fields]]:
    """Perfume id and PerfumeActivity (schemas/avro/perfume_activity.avsc) for each perfume concerned.

    A SEARCH_PERFORMED concerns the perfumes it shows; any other event its perfumeId; a SIMILAR_CLICKED that
    carries a recommendationId also the perfume recommended, its target. No perfume comes twice.

    Raises Refused where eventData, duration or value break the catalogue: it did not come by the gateway.
    """
    event_type: str = interaction["event_type"]
    if event_type == "SEARCH_PERFORMED":
        return [_activity(interaction, perfume_id, {}) for perfume_id in _shown(_event_data(interaction))]
    perfume_id = interaction["perfume_id"]
    if perfume_id is None:
        return []
    if event_type == "SIMILAR_CLICKED":
        return _similar_clicked(interaction, perfume_id)
    details = _DETAILS.get(event_type)
    return [_activity(interaction, perfume_id, details(interaction) if details else {})]


def viewer(interaction: Mapping[str, Any]) -> str:
    """Who acted, tagged, so that a claimed visitor id never meets a user id."""
    if interaction["user_id"] is not None:
        return f"u:{interaction['user_id']}"
    if interaction["visitor_id"] is not None:
        return f"v:{interaction['visitor_id']}"
    return f"s:{interaction['session_id']}"


def _activity(interaction: Mapping[str, Any], perfume_id: str, details: Fields) -> tuple[str, Fields]:
    fields = _EMPTY.copy()
    fields["perfume_id"] = perfume_id
    fields["viewer"] = viewer(interaction)
    fields["event_id"] = interaction["event_id"]
    fields["event_type"] = interaction["event_type"]
    fields["occurred_at"] = interaction["occurred_at"]
    fields.update(details)
    return perfume_id, fields


def _similar_clicked(interaction: Mapping[str, Any], perfume_id: str) -> list[tuple[str, Fields]]:
    data = _event_data(interaction)
    target, recommended = _id(data, "targetPerfumeId"), _recommended(data)
    if target is None or recommended["recommendation_id"] is None:
        return [_activity(interaction, perfume_id, {})]
    by_perfume = {perfume_id: _activity(interaction, perfume_id, {})}
    by_perfume[target] = _activity(interaction, target, recommended)
    return list(by_perfume.values())


def _perfume_view(interaction: Mapping[str, Any]) -> Fields:
    return _view_duration(interaction, segment=1) | _recommended(_event_data(interaction))


def _view_ended(interaction: Mapping[str, Any]) -> Fields:
    data = _event_data(interaction)
    if _text(data, "viewType") != "PERFUME_VIEW":
        return {}
    segment = _integer(data, "segment")
    if segment is None or segment < 1:
        raise _invalid(interaction, f"eventData.segment is {segment}; expected an integer from 1")
    return _view_duration(interaction, segment)


def _view_duration(interaction: Mapping[str, Any], segment: int) -> Fields:
    duration = interaction["duration"]
    if duration is None:
        return {}
    if duration < 0:
        raise _invalid(interaction, f"duration is {duration}; expected milliseconds from 0")
    return {"view_duration": duration, "view_segment": segment}


def _rating(interaction: Mapping[str, Any]) -> Fields:
    value = interaction["value"]
    if value is None:
        return {}
    if not is_rating(value):
        raise _invalid(interaction, f"value is {value}; expected a rating from 1 to 5")
    return {"rating": round(value * 100)}


def _rating_completed(interaction: Mapping[str, Any]) -> Fields:
    return _rating(interaction) | _recommended(_event_data(interaction))


def _act(interaction: Mapping[str, Any]) -> Fields:
    return _recommended(_event_data(interaction))


def _recommendation(interaction: Mapping[str, Any]) -> Fields:
    data = _event_data(interaction)
    return _recommended(data) | {
        "recommendation_source": _text(data, "source"),
        "recommendation_algorithm": _text(data, "algorithm"),
        "recommendation_position": _integer(data, "position"),
        "thumbs": _text(data, "thumbs"),
    }


_DETAILS: Final[Mapping[str, Callable[[Mapping[str, Any]], Fields]]] = {
    "PERFUME_VIEW": _perfume_view,
    "VIEW_ENDED": _view_ended,
    "RATING_COMPLETED": _rating_completed,
    "RATING_UPDATED": _rating,
    "WISHLIST_ADD": _act,
    "WISHLIST_REMOVE": _act,
    "COLLECTION_ADD": _act,
    "COLLECTION_UPDATE": _act,
    "COLLECTION_REMOVE": _act,
    "RECOMMENDATION_SHOWN": _recommendation,
    "RECOMMENDATION_CLICKED": _recommendation,
    "RECOMMENDATION_RATED": _recommendation,
    "RECOMMENDATION_HIDDEN": _recommendation,
}
"""What is read of an event beyond who, what and when, by its type."""


# Reading eventData: the gateway has checked it, but anyone who may write to Kafka can write anything.


def _event_data(interaction: Mapping[str, Any]) -> Mapping[str, Any]:
    text = interaction["event_data"]
    if text is None:
        return {}
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _invalid(interaction, f"eventData is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise _invalid(interaction, "eventData is not a JSON object")
    return data


def _shown(data: Mapping[str, Any]) -> list[str]:
    shown = data.get("shown")
    if shown is None:
        return []
    fits = isinstance(shown, list) and all(isinstance(perfume_id, str) for perfume_id in shown)
    if not fits or len(set(shown)) != len(shown) or len(shown) > limits.SHOWN_PERFUMES:
        raise _unreadable("shown", f"at most {limits.SHOWN_PERFUMES} distinct perfume ids")
    return list(shown)


def _recommended(data: Mapping[str, Any]) -> Fields:
    return {"recommendation_id": _id(data, "recommendationId")}


def _id(data: Mapping[str, Any], name: str) -> str | None:
    """An id in eventData; an empty one is none."""
    text = _text(data, name)
    if text is not None and len(text) > limits.ID_CHARS:
        raise _unreadable(name, f"an id of at most {limits.ID_CHARS} characters")
    return text or None


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _unreadable(name, "a text")


def _integer(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _unreadable(name, "an integer")


def _unreadable(name: str, expected: str) -> Refused:
    return Refused(Reason.INVALID_RECORD, f"eventData.{name}: expected {expected}")


def _invalid(interaction: Mapping[str, Any], message: str) -> Refused:
    return Refused(Reason.INVALID_RECORD, f"{interaction['event_type']}: {message}")
