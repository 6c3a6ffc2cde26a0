"""Whatever a body holds, it is answered, never with a 500, and never stored in a form Kafka cannot carry."""

import json
import string

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import CATALOGUE
from schemas.envelope import ClientEvent, Envelope
from tests.unit.gateway.in_memory import FROM_SHOP, Gateway

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
_NO = ("denied", "pending")
_CONSENT = st.fixed_dictionaries({}, optional={"consent": st.sampled_from([*_NO, "granted", None]) | _JSON})
_BODIES = st.builds(
    lambda envelope, consent, form, events: {
        "sessionId": "s",
        **envelope,
        **consent,
        form: events if form == "events" else (events or [None])[0],
    },
    _objects(list(Envelope.__annotations__), _JSON),
    _CONSENT,
    st.sampled_from(["event", "events"]),
    st.lists(_EVENTS | _JSON, max_size=4),
)


def _answered(body: bytes, encoding: str = "identity") -> tuple[object, ...]:
    """What was said, and what was stored, but for what is made anew each time."""
    gateway = Gateway()
    answer = gateway.send(body, FROM_SHOP | {"content-encoding": encoding})
    assert answer.status in (200, 400, 401)
    assert answer.json["success"] is (answer.status == 200)
    gateway.dead()
    events = gateway.events()
    for event in events:
        assert b"\0" not in json.dumps(event, ensure_ascii=False).encode()
        event["event_id"] = "any"
    rejected = [item["reason"] for item in answer.json.get("rejected", [])]
    dropped = answer.json.get("dropped")
    if dropped is not None:
        assert (gateway.published, gateway.letters) == ([], [])
    return answer.status, answer.json.get("reason"), dropped, rejected, events


def _as_browsers_write_it(body: object) -> bytes:
    try:
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()


@settings(max_examples=200)
@given(_BODIES)
def test_any_json_is_answered_and_alike_however_it_is_written(body: dict[str, object]) -> None:
    answered = _answered(json.dumps(body).encode())
    assert answered == _answered(_as_browsers_write_it(body))
    assert (answered[2] == "opted_out") is (body.get("consent") in _NO)


@settings(max_examples=100)
@given(_BODIES, st.sampled_from(_NO), st.data())
def test_of_a_no_nothing_is_kept_wherever_the_body_is_cut_off(
    body: dict[str, object], no: str, data: st.DataObject
) -> None:
    text = json.dumps({"consent": no} | {name: body[name] for name in body if name != "consent"})
    end = data.draw(st.integers(len(f'{{"consent": "{no}"'), len(text)))
    assert _answered(text[:end].encode())[2] == "opted_out"


_BYTES = st.binary(max_size=200) | st.text(alphabet=string.printable, max_size=100).map(str.encode)


@settings(max_examples=150)
@given(_BYTES, st.sampled_from(["identity", "gzip", "br", "zstd"]))
def test_any_bytes_are_answered(body: bytes, encoding: str) -> None:
    _answered(body, encoding)
