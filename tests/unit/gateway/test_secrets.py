"""Keys and tokens reach neither an answer nor a dead letter nor a log, whatever is wrong with them."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingest_gateway.batch import parse
from ingest_gateway.errors import Refusal
from ingest_gateway.redaction import REMOVED, is_secret_name
from ingest_gateway.user_tokens import TokenKey, TokenRules
from schemas.rejection import SECRETS
from tests.unit.gateway.in_memory import FROM_SERVER, FROM_SHOP, Gateway
from tests.unit.gateway.signed import PUBLIC, claims, eddsa

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


KEY = "pk_1"
YEAR_S = 365 * 86_400
TOKEN = eddsa(sub="u-1", exp=claims()["iat"] + YEAR_S)
LIVE_KEY = "sk_live_0123456789abcdef0123"
_PLACES = (
    "path",
    "referrer",
    "perfumeId",
    "eventType",
    "eventCategory",
    "eventId",
    "deviceType",
    "unheard-of",
)
_WORDS = st.sampled_from(
    ["note", "filters", "brand", "key", "userToken", "user_token", "Secret-Key", "api_key", "x"]
)
_LEAKS = st.sampled_from(
    [
        TOKEN,
        f"/login?next={TOKEN}&a=b",
        f"sent with Bearer {MARKER}",
        "sk_live_0123456789abcdef0123",
        'a"b\\c',
    ]
)
_JSON = st.recursive(
    _LEAKS | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORDS, inner, max_size=3),
)


def _under_secret_names(value: Any) -> Any:
    """Every field that is named like a secret holds the marker."""
    if isinstance(value, dict):
        return {
            name: MARKER if is_secret_name(name) else _under_secret_names(inner)
            for name, inner in value.items()
        }
    return [_under_secret_names(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=300, deadline=None)
@given(data=st.dictionaries(_WORDS, _JSON, max_size=3), misplaced=_LEAKS, place=st.sampled_from(_PLACES))
def test_a_secret_in_the_wrong_place_is_not_kept_either(
    data: dict[str, Any], misplaced: str, place: str
) -> None:
    gateway = Gateway(tokens=TokenRules([TokenKey.ed25519(PUBLIC)], max_lifetime_s=2 * YEAR_S))
    event = {"eventType": "NOPE", "path": "/", "eventData": _under_secret_names(data), place: misplaced}
    body = {"sessionId": "s", "key": KEY, "userToken": TOKEN, "event": event}
    with capture_logs() as logged:
        gateway.send(gzip.compress(json.dumps(body).encode()), FROM_SHOP | {"content-encoding": "gzip"})
    (letter,) = gateway.dead()
    for secret in (TOKEN, TOKEN.partition(".")[0], LIVE_KEY, MARKER):
        assert secret not in repr(letter)
        assert secret not in repr(logged)
    kept = json.loads(letter["payload"])
    assert not kept.keys() & SECRETS


def test_what_is_no_secret_is_kept_as_it_was() -> None:
    gateway = Gateway()
    event = {
        "eventType": "NOPE",
        "path": "/a?b=c",
        "eventData": {"brand": "sk_iris", "notes": ["é", 1.5, None]},
    }
    gateway.send({"sessionId": "s", "event": event})
    assert json.loads(gateway.dead()[0]["payload"]) == {"sessionId": "s", "event": event}


def test_a_servers_own_key_is_taken_out_of_what_it_sends() -> None:
    gateway = Gateway(secret="a-secret-key-of-a-server")
    event = {"eventType": "NOPE a-secret-key-of-a-server", "path": "/"}
    gateway.send({"sessionId": "s", "event": event}, {"authorization": "Bearer a-secret-key-of-a-server"})
    (letter,) = gateway.dead()
    assert "a-secret-key" not in repr(letter)
    assert REMOVED in letter["message"]
