"""One event against the catalogue: what passes, and with which reason the rest does not."""

from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import CATALOGUE
from schemas.client_time import epoch_ms
from schemas.event_type import DataKey, EventType, Kind
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent
from schemas.validation import ValidEvent, checked, read

_FITTING: dict[Kind, Any] = {
    Kind.TEXT: "text",
    Kind.ID: "i" * 128,
    Kind.INTEGER: 3,
    Kind.NUMBER: 2.5,
    Kind.BOOLEAN: True,
    Kind.OBJECT: {"a": 1},
    Kind.TEXTS: ["a", "b"],
    Kind.DISTINCT_IDS: ["p-1", "p-2"],
    Kind.RATINGS: {"overall": 4, "sillage": 2.5},
    Kind.ANY: [None],
}
_UNFIT: dict[Kind, Any] = {
    Kind.TEXT: 7,
    Kind.ID: 7,
    Kind.INTEGER: 2.5,
    Kind.NUMBER: "2.5",
    Kind.BOOLEAN: 1,
    Kind.OBJECT: [],
    Kind.TEXTS: ["a", 1],
    Kind.DISTINCT_IDS: ["p-1", "p-1"],
    Kind.RATINGS: {"overall": 6},
}
_KEYS = [(row, key) for row in CATALOGUE.values() for key in row.keys]


def _named(row: EventType, key: DataKey) -> ParameterSet:
    return pytest.param(row, key, id=f"{row.name}.{key.name}")


def _fitting(key: DataKey) -> Any:
    return key.choices[0] if key.choices else _FITTING[key.kind]


def _full(row: EventType) -> dict[str, Any]:
    """An event of that type with every field and every key it knows."""
    return {
        "eventType": row.name,
        "path": "/p",
        "perfumeId": "p-1",
        "houseId": "h-1",
        "duration": 5,
        "eventData": {key.name: _fitting(key) for key in row.keys},
    }


def _rejected(event: dict[str, Any]) -> Reason:
    with pytest.raises(InvalidEvent) as caught:
        checked(read(event))
    return caught.value.reason


def _accepted(event: dict[str, Any]) -> ValidEvent:
    return checked(read(event))


@pytest.mark.parametrize("row", CATALOGUE.values(), ids=lambda row: row.name)
def test_every_type_is_accepted_with_all_it_knows(row: EventType) -> None:
    assert _accepted(_full(row))["event_type"] == row.name


@pytest.mark.parametrize("row", CATALOGUE.values(), ids=lambda row: row.name)
def test_what_a_type_requires_must_be_there(row: EventType) -> None:
    for field in ("path", *row.requires):
        event = _full(row)
        del event[field]
        assert _rejected(event) is Reason.MISSING_FIELD


@pytest.mark.parametrize(("row", "key"), [_named(row, key) for row, key in _KEYS if key.kind in _UNFIT])
def test_a_known_key_of_the_wrong_type_is_rejected(row: EventType, key: DataKey) -> None:
    event = _full(row)
    event["eventData"][key.name] = _UNFIT[key.kind]
    assert _rejected(event) is Reason.INVALID_FIELD


@pytest.mark.parametrize(("row", "key"), [_named(row, key) for row, key in _KEYS])
def test_a_known_key_may_be_null_unless_it_is_required(row: EventType, key: DataKey) -> None:
    event = _full(row)
    event["eventData"][key.name] = None
    if key.required:
        assert _rejected(event) is Reason.MISSING_FIELD
    else:
        assert _accepted(event)["event_type"] == row.name


def test_unknown_keys_are_kept_and_unknown_fields_ignored() -> None:
    event = _accepted({"eventType": "PAGE_VIEW", "path": "/", "eventData": {"mine": [1]}, "extra": 1})
    assert event["event_data"] == '{"mine":[1]}'


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"eventType": "page_view"}, Reason.UNKNOWN_TYPE),
        ({"eventCategory": "SEARCH"}, Reason.WRONG_CATEGORY),
        ({"eventId": "not-a-uuid"}, Reason.INVALID_FIELD),
        ({"eventId": "{0190a5b0-7d4e-7c3a-9f1e-2b3c4d5e6f70}"}, Reason.INVALID_FIELD),
        ({"path": 3}, Reason.INVALID_FIELD),
        ({"path": "/" * 2_049}, Reason.PATH_TOO_LONG),
        ({"perfumeId": "p" * 129}, Reason.ID_TOO_LONG),
        ({"perfumeId": ""}, Reason.INVALID_FIELD),
        ({"noteId": "\0"}, Reason.INVALID_TEXT),
        ({"duration": -1}, Reason.INVALID_FIELD),
        ({"duration": 1.0}, Reason.INVALID_FIELD),
        ({"duration": True}, Reason.INVALID_FIELD),
        ({"duration": 2**63}, Reason.NUMBER_OUT_OF_RANGE),
        ({"value": float("inf")}, Reason.NUMBER_OUT_OF_RANGE),
        ({"value": "3"}, Reason.INVALID_FIELD),
        ({"timestamp": "yesterday"}, Reason.INVALID_TIMESTAMP),
        ({"timestamp": True}, Reason.INVALID_TIMESTAMP),
        ({"deviceType": "toaster"}, Reason.INVALID_FIELD),
    ],
)
def test_a_rule_broken_has_its_reason(event: dict[str, Any], reason: Reason) -> None:
    assert _rejected({"eventType": "PAGE_VIEW", "path": "/", **event}) is reason


@pytest.mark.parametrize(
    ("name", "value", "overall", "stored"),
    [
        ("RATING_COMPLETED", None, 4, 4.0),
        ("RATING_COMPLETED", 4, 4, 4.0),
        ("RATING_COMPLETED", 4, None, 4.0),
        ("RATING_COMPLETED", None, None, None),
        ("RATING_UPDATED", None, 2, 2.0),
    ],
)
def test_a_rating_says_its_overall_value_once(
    name: str, value: float | None, overall: float | None, stored: float | None
) -> None:
    where = "ratings" if name == "RATING_COMPLETED" else "newRatings"
    data = {where: {"overall": overall}}
    event = {"eventType": name, "path": "/", "perfumeId": "p", "value": value, "eventData": data}
    assert _accepted(event)["value"] == stored


@pytest.mark.parametrize(("value", "overall"), [(3, 4), (6, None), (0.5, None)])
def test_a_rating_that_contradicts_itself_is_rejected(value: float, overall: float | None) -> None:
    data = {"ratings": {"overall": overall}}
    event = {
        "eventType": "RATING_COMPLETED",
        "path": "/",
        "perfumeId": "p",
        "value": value,
        "eventData": data,
    }
    assert _rejected(event) is Reason.INVALID_FIELD


@pytest.mark.parametrize(("view", "missing"), [("PERFUME_VIEW", "perfumeId"), ("HOUSE_VIEW", "houseId")])
def test_the_end_of_a_view_names_what_was_viewed(view: str, missing: str) -> None:
    event = _full(CATALOGUE["VIEW_ENDED"])
    event["eventData"]["viewType"] = view
    del event[missing]
    assert _rejected(event) is Reason.MISSING_FIELD
    event["eventData"]["viewType"] = "PAGE_VIEW"
    assert _accepted(event)["event_id"] is None


@pytest.mark.parametrize("shown", [["p"] * 2, ["p" * 129], [""], [f"p{n}" for n in range(51)], [1]])
def test_shown_perfumes_are_distinct_ids_and_not_too_many(shown: list[Any]) -> None:
    event = _full(CATALOGUE["SEARCH_PERFORMED"])
    event["eventData"]["shown"] = shown
    assert _rejected(event) is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-03-01T12:00:00.123Z", 1_772_366_400_123),
        ("2026-03-01T13:00:00+01:00", 1_772_366_400_000),
        (1_772_366_400_000, 1_772_366_400_000),
        (1_772_366_400_000.9, 1_772_366_400_000),
        (None, None),
    ],
)
def test_times_are_read_in_both_forms(written: str | float | None, time: int | None) -> None:
    assert epoch_ms("timestamp", written) == time


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01",
        "2026-03-01T12:00:00",
        "0001-01-01T00:00:00+14:00",
        "",
        -1,
        10**30,
        float("nan"),
        float("inf"),
    ],
)
def test_what_is_no_time_is_said_so(written: str | float) -> None:
    with pytest.raises(InvalidEvent, match="expected ISO 8601") as caught:
        epoch_ms("timestamp", written)
    assert caught.value.reason is Reason.INVALID_TIMESTAMP


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_JSON)
def test_any_json_is_an_event_or_a_rejection(raw: object) -> None:
    with pytest.raises(InvalidEvent):
        checked(read(raw))


@pytest.mark.parametrize(("row", "key"), [_named(row, key) for row, key in _KEYS if key.name.endswith("Id")])
def test_an_id_in_event_data_is_as_long_as_any_other_id(row: EventType, key: DataKey) -> None:
    event = _full(row)
    event["eventData"][key.name] = "i" * 129
    assert _rejected(event) is Reason.ID_TOO_LONG
