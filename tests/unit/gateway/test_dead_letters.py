"""What is kept of refused events and bodies, and what must never be."""

import json

import pytest

from ingest_gateway import dead_letters
from ingest_gateway.dead_letters import MAX_PAYLOAD_BYTES, body_payload
from tests.unit.gateway.in_memory import NOW, Gateway, batch, page_view


def test_a_rejected_event_can_be_sent_again_after_mending_and_carries_no_key() -> None:
    gateway = Gateway()
    bad = page_view(eventType="NOPE", userToken="t.t.t", key="k", note="kept")
    gateway.send(batch(page_view(), bad, key="pk_1", visitorId="v-1"))
    (letter,) = gateway.dead()
    assert (letter["stage"], letter["reason"], letter["session_id"]) == (
        "gateway",
        "unknown_type",
        "test-session",
    )
    assert letter["first_seen"] == NOW
    assert letter["request_id"]
    payload = json.loads(letter["payload"])
    assert (payload["sessionId"], payload["visitorId"]) == ("test-session", "v-1")
    assert payload["event"]["eventType"] == "NOPE"
    assert b"pk_1" not in letter["payload"]
    assert b"t.t.t" not in letter["payload"]


def test_of_a_body_that_is_not_json_only_its_structure_is_kept() -> None:
    gateway = Gateway()
    gateway.send(b'{"sessionId": "alice@example.org", "userToken": "secret", }')
    (letter,) = gateway.dead()
    payload = json.loads(letter["payload"])
    assert letter["reason"] == "not_json"
    assert (payload["bytes"], payload["position"]) == (59, 58)
    assert payload["excerpt"].endswith('"xxxxxx", }')
    assert b"alice" not in letter["payload"]
    assert b"secret" not in letter["payload"]


def test_an_excerpt_stands_around_the_fault() -> None:
    body = b'{"a":' + b"1" * 1_000 + b"!" + b"2" * 1_000
    excerpt = json.loads(body_payload(body, 1_005))["excerpt"]
    assert excerpt == "x" * 64


def test_a_wrong_key_leaves_nothing_behind() -> None:
    gateway = Gateway()
    gateway.send(batch(page_view(), key="pk_wrong"))
    assert not gateway.letters


def test_what_is_too_large_or_too_much_is_counted_instead() -> None:
    gateway = Gateway()
    gateway.send(batch(page_view(eventType="NOPE", eventData={"a": "x" * MAX_PAYLOAD_BYTES})))
    for _ in range(101):
        gateway.send(b"{")
    assert gateway.figure('sillage_gateway_dead_letters_total{outcome="too_large"}') == 1
    assert gateway.figure('sillage_gateway_dead_letters_total{outcome="over_rate"}') == 2
    assert len(gateway.letters) == 99


def test_no_letter_is_made_that_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway()
    for _ in range(100):
        gateway.send(b"{")
    monkeypatch.setattr(dead_letters, "event_payload", lambda *_: pytest.fail("made in vain"))
    assert gateway.send(batch(*[page_view(eventType="NOPE")] * 3)).status == 400
    assert gateway.figure('sillage_gateway_dead_letters_total{outcome="over_rate"}') == 3


def test_before_the_registry_has_answered_what_is_not_kept_is_counted() -> None:
    gateway = Gateway()
    gateway.dead_letters.encoder = None
    gateway.send(b"{")
    assert not gateway.letters
    assert gateway.figure('sillage_gateway_dead_letters_total{outcome="failed"}') == 1
