"""The quick yes to an event: never to one that the definition refuses, or would read as something else."""

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bench.gateway.traffic import lines
from schemas import avro_schemas, limits
from schemas.envelope import ClientEvent, Envelope
from schemas.everyday import OWN_NAMES, everyday_fields, fields_of, is_everyday_envelope

_TEXTS = [
    "",
    "x",
    "x" * 128,
    "x" * 129,
    "x" * 2_048,
    "x" * 2_049,
    "granted",
    "mobile",
    "2026-03-01T12:00:00Z",
]
_VALUES = (
    st.none()
    | st.booleans()
    | st.sampled_from(_TEXTS)
    | st.text(max_size=5)
    | st.sampled_from([-1, 0, 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.just({"a": [1, None]})
    | st.lists(st.none(), max_size=1)
)
_ONLY_OBJECTS = ("eventData", "context")


def _fields(names: list[str], required: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly in order, now and then with one field that holds anything at all."""
    text = st.sampled_from(["x", "x" * 128])
    orderly = {
        "deviceType": st.sampled_from(["tablet", "unknown", None]),
        "consent": st.sampled_from(["granted", "denied", None]),
        "duration": st.integers(0, 2**63 - 1),
        "seq": st.integers(0, 9),
        "value": st.integers(1 - 2**63, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    } | dict.fromkeys(_ONLY_OBJECTS, st.none() | st.just({"a": 1}))
    base = st.fixed_dictionaries(
        required,
        optional={name: orderly.get(name, text) for name in names if name not in (*required, "user_id")},
    )
    odd = st.dictionaries(st.sampled_from(names) | st.text(max_size=3), _VALUES, max_size=1)
    return st.builds(lambda fields, more: fields | more, base, st.just({}) | odd)


_EVENTS = _fields(
    list(ClientEvent.__annotations__), {"eventType": st.just("PAGE_VIEW"), "path": st.just("/")}
)
_ENVELOPES = _fields(list(Envelope.__annotations__), {})
_PLAIN: dict[str, Any] = {"eventType": "PAGE_VIEW", "path": "/"}


@given(_EVENTS | st.dictionaries(st.sampled_from([*ClientEvent.__annotations__]), _VALUES) | _VALUES)
@example(_PLAIN | {"path": None})
def test_a_quick_yes_to_an_event_is_one_that_the_definition_gives_too(event: object) -> None:
    document = orjson.loads(orjson.dumps(event))
    fields = everyday_fields(document)
    if fields is not None:
        assert fields_of(TypeAdapter(ClientEvent).validate_python(document)) == fields


@given(_ENVELOPES)
@example({"consent": "maybe"})
def test_a_quick_yes_to_an_envelope_is_one_that_the_definition_gives_too(envelope: dict[str, Any]) -> None:
    document = orjson.loads(orjson.dumps(envelope))
    if is_everyday_envelope(document):
        assert TypeAdapter(Envelope).validate_python(document) == document


def test_what_browsers_send_gets_a_quick_yes() -> None:
    for _agent, body in lines(10, 1_767_225_600_000):
        envelope = orjson.loads(body)
        assert all(everyday_fields(event) for event in envelope.pop("events"))
        assert is_everyday_envelope(envelope)


def test_fields_that_are_null_are_absent() -> None:
    nulls = dict.fromkeys(OWN_NAMES.keys() - _PLAIN.keys())
    assert everyday_fields(_PLAIN | nulls) == everyday_fields(_PLAIN)
    assert is_everyday_envelope({"sessionId": None, "context": None})


@pytest.mark.parametrize(
    "odd",
    [
        {"eventType": None},
        {"path": ""},
        {"path": "x" * (limits.PATH_CHARS + 1)},
        {"seq": True},
        {"seq": -1},
        {"value": False},
        {"timestamp": True},
        {"eventData": []},
        {"deviceType": "fridge"},
        {"perfumeId": ""},
        {"madeUp": 1},
    ],
    ids=lambda odd: "".join(odd),
)
def test_what_is_not_in_order_is_left_to_the_definition(odd: dict[str, Any]) -> None:
    assert everyday_fields(_PLAIN)
    assert everyday_fields(_PLAIN | odd) is None


def test_our_names_are_those_of_an_interaction() -> None:
    own = {field["name"] for field in avro_schemas.integer_schema("interaction")["fields"]}
    assert set(OWN_NAMES.values()) <= own


def test_each_field_of_the_definition_but_claims_of_whose_it_is_has_a_name_of_ours() -> None:
    claims = {"sessionId", "userId", "user_id", "userAgent"}
    assert OWN_NAMES.keys() == ClientEvent.__annotations__.keys() - claims


def test_no_claim_of_whose_an_event_is_becomes_a_field() -> None:
    claims = {"sessionId": "s", "userId": "victim", "userAgent": "curl/8"}
    assert everyday_fields(_PLAIN | claims) == everyday_fields(_PLAIN)
