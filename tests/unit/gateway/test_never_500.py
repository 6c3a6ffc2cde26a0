"""Whatever a body holds, it is answered, never with a 500, and never stored in a form Kafka cannot carry."""

import json
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import CATALOGUE
from schemas.envelope import ClientEvent, Envelope
from tests.unit.gateway.in_memory import Gateway

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**63) - 1, 10**30, float("nan"), float("inf"), -0.0])
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["", "\0", "\ud800", "null", "2026-03-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "x" * 200]
    )
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_KNOWN_DATA = sorted({key.name for row in CATALOGUE.values() for key in row.keys})


def _objects(names: list[str], values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(names) | st.text(max_size=5), values, max_size=8)


_EVENT_DATA = _objects(_KNOWN_DATA, _JSON) | _JSON
_EVENTS = st.builds(
    lambda fields, name, data: {"path": "/", **fields, "eventType": name, "eventData": data},
    _objects(list(ClientEvent.__annotations__), _JSON),
    st.sampled_from(list(CATALOGUE)) | st.text(max_size=5),
    _EVENT_DATA,
)
_BODIES = st.builds(
    lambda envelope, form, events: {
        "sessionId": "s",
        **envelope,
        form: events if form == "events" else (events or [None])[0],
    },
    _objects(list(Envelope.__annotations__), _JSON).filter(lambda fields: "consent" not in fields),
    st.sampled_from(["event", "events"]),
    st.lists(_EVENTS | _JSON, max_size=4),
)


def _answered(body: bytes) -> None:
    gateway = Gateway()
    answer = gateway.send(body)
    assert answer.status in (200, 400, 401)
    assert answer.json["success"] is (answer.status == 200)
    for event in gateway.events():
        assert b"\0" not in json.dumps(event, ensure_ascii=False).encode()
    gateway.dead()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_BODIES)
def test_any_json_is_answered(body: dict[str, object]) -> None:
    _answered(json.dumps(body).encode())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet=string.printable, max_size=100).map(str.encode))
def test_any_bytes_are_answered(body: bytes) -> None:
    _answered(body)
