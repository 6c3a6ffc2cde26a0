"""The quick yes to a body: never to one that the definition refuses, or would read as something else."""

from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bench.gateway.traffic import lines
from schemas import limits
from schemas.envelope import ClientEvent, EitherRequest
from schemas.everyday import is_everyday

_DEFINITION = TypeAdapter(EitherRequest)
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
_NAMES = [name for name in EitherRequest.__annotations__ if name not in ("event", "events")]
_BODIES = st.builds(
    lambda envelope, form: envelope | form,
    _fields(_NAMES, {}),
    st.fixed_dictionaries({"events": st.lists(_EVENTS, max_size=3)})
    | st.fixed_dictionaries({"event": _EVENTS})
    | st.dictionaries(st.sampled_from(["event", "events"]), _EVENTS | _VALUES, max_size=2),
)
_PLAIN: dict[str, Any] = {"events": [{"eventType": "PAGE_VIEW", "path": "/"}]}


@given(_BODIES)
@example({"event": None, "events": [{"eventType": "PAGE_VIEW", "path": "/"}]})
@example({"event": {"eventType": "PAGE_VIEW", "path": None}})
@example(_PLAIN | {"consent": "maybe"})
@example({"events": []})
def test_a_quick_yes_is_one_that_the_definition_gives_too(body: dict[str, Any]) -> None:
    document = orjson.loads(orjson.dumps(body))
    if not is_everyday(document):
        return
    assert ("event" in document) != ("events" in document)
    assert _DEFINITION.validate_python(deepcopy(document)) == document


@pytest.mark.parametrize("batch", [1, 10])
def test_what_browsers_send_gets_a_quick_yes(batch: int) -> None:
    for _agent, body in lines(batch, 1_767_225_600_000):
        assert is_everyday(orjson.loads(body))


def test_fields_that_are_null_are_absent() -> None:
    event = {"eventType": "PAGE_VIEW", "path": "/", "eventId": None, "eventData": None, "value": None}
    assert is_everyday({"event": event, "sessionId": None, "context": None})


@pytest.mark.parametrize(
    "odd",
    [
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
    assert is_everyday(_PLAIN)
    assert not is_everyday({"events": [_PLAIN["events"][0], _PLAIN["events"][0] | odd]})
