"""Keys and tokens reach neither an answer nor a dead letter nor a log, whatever is wrong with them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingest_gateway.batch import parse
from ingest_gateway.errors import Refusal
from schemas.rejection import SECRETS
from tests.unit.gateway.in_memory import FROM_SERVER, FROM_SHOP, Gateway

MARKER = "SECRETMARKER"
NUMBER = 98765432123456789
"""A secret sent as the wrong type."""
FIELDS = sorted(SECRETS)

_TEXTS = st.sampled_from([MARKER, f"{MARKER}\0", f"{MARKER}\ud800", f"{MARKER}\u00e9\n", MARKER * 50])
_SECRET = (
    _TEXTS
    | st.just(NUMBER)
    | st.lists(_TEXTS, min_size=1, max_size=2)
    | st.dictionaries(_TEXTS, _TEXTS, min_size=1)
)
_HOLDERS = st.dictionaries(st.sampled_from(FIELDS), _SECRET, max_size=2)
_FLAWS = st.fixed_dictionaries(
    {},
    optional={
        "eventType": st.sampled_from(["NOPE", "\0", 7]),
        "path": st.sampled_from(["", "/\ud800", None]),
        "eventId": st.just("x"),
    },
)
_EVENTS = st.builds(
    lambda flaws, secrets: {"eventType": "PAGE_VIEW", "path": "/", **flaws, **secrets}, _FLAWS, _HOLDERS
)


@settings(max_examples=300, deadline=None)
@given(
    envelope=_HOLDERS,
    events=st.lists(_EVENTS, min_size=1, max_size=3),
    cut=st.sampled_from([0, 0, 0, 1]),
    speaker=st.sampled_from([FROM_SHOP, FROM_SERVER]),
)
def test_a_secret_stays_where_it_was_sent_to(
    envelope: dict[str, Any], events: list[dict[str, Any]], cut: int, speaker: dict[str, str]
) -> None:
    gateway = Gateway()
    body = json.dumps({"sessionId": "s", **envelope, "events": events}).encode()
    with capture_logs() as logged:
        answer = gateway.send(body[: len(body) - cut], speaker)
    for told in (answer.body, gateway.dead(), logged, gateway.events()):
        assert MARKER not in repr(told)
        assert str(NUMBER) not in repr(told)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [f"{MARKER}\0", f"{MARKER}\ud800", [MARKER], {"a": MARKER}, NUMBER])
def test_a_broken_secret_is_named_but_never_quoted(field: str, value: Any) -> None:
    event = {"eventType": "PAGE_VIEW", "path": "/"}
    body = json.dumps({"sessionId": "s", field: value, "event": event}).encode()
    with pytest.raises(Refusal, match=field) as refused:
        parse(body)
    assert MARKER not in refused.value.message
    assert str(NUMBER) not in refused.value.message
