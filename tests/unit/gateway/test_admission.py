"""Who may send what, whose word is believed, and who is left alone."""

from typing import Any

import pytest

from ingest_gateway.body import BodyBounds
from ingest_gateway.route import Policy
from tests.unit.gateway.in_memory import (
    EDGE,
    FROM_SERVER,
    FROM_SHOP,
    ORIGIN,
    Gateway,
    batch,
    page_view,
    single,
)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.mark.parametrize(
    ("headers", "body", "status", "reason"),
    [
        ({}, {}, 401, "missing_credentials"),
        ({"origin": "https://evil.example"}, {}, 403, "origin_not_allowed"),
        ({"origin": f"{ORIGIN}.evil.example"}, {}, 403, "origin_not_allowed"),
        ({"origin": "null"}, {}, 403, "origin_not_allowed"),
        ({"authorization": "Bearer sk_3"}, {}, 401, "invalid_key"),
        ({"authorization": "Basic sk_1"}, {}, 401, "invalid_key"),
        ({"authorization": "Bearer pk_1"}, {}, 401, "invalid_key"),
        ({"origin": ORIGIN, "authorization": "Bearer sk_3"}, {}, 401, "invalid_key"),
        (FROM_SHOP, single() | {"key": "pk_2"}, 401, "invalid_key"),
        (FROM_SHOP, single() | {"key": "sk_1"}, 401, "invalid_key"),
        (FROM_SHOP, single() | {"userToken": "a.b.c"}, 401, "invalid_token"),
        (FROM_SHOP, single() | {"userId": "u"}, 400, "identity_in_body"),
        (FROM_SHOP, single(userId="u"), 400, "identity_in_body"),
        (FROM_SHOP, single(user_id="u"), 400, "identity_in_body"),
        ({"origin": ORIGIN, "content-type": "application/xml"}, {}, 415, "unsupported_media_type"),
        (FROM_SHOP | {"content-encoding": "deflate"}, {}, 415, "unsupported_encoding"),
    ],
)
def test_nobody_is_believed_without_credentials(
    gateway: Gateway, headers: dict[str, str], body: dict[str, Any], status: int, reason: str
) -> None:
    answer = gateway.send(body, headers)
    assert (answer.status, answer.json["reason"]) == (status, reason)
    assert not gateway.published


@pytest.mark.parametrize("key", ["pk_1", None])
def test_a_publishable_key_may_be_left_out_but_must_be_right(gateway: Gateway, key: str | None) -> None:
    assert gateway.send(single() | {"key": key}).status == 200


def test_a_server_names_user_session_and_user_agent_of_each_event(gateway: Gateway) -> None:
    events = [
        page_view(userId="u-1", sessionId="s-1", userAgent=EDGE),
        page_view(sessionId="s-2"),
        page_view(sessionId="server"),
    ]
    answer = gateway.send({"events": events}, {"authorization": "bearer sk_2", "user-agent": "curl/8"})
    assert (answer.json["count"], answer.json["rejected"][0]["reason"]) == (2, "missing_session")
    first, second = gateway.events()
    assert (first["user_id"], first["session_id"], first["browser"]) == ("u-1", "s-1", "Edge")
    assert (second["user_id"], second["session_id"]) == (None, "s-2")
    assert (second["source"], second["user_agent"], second["is_bot"]) == ("server", None, False)
    assert [record.key for record in gateway.published] == [b"s-1", b"s-2"]


def test_a_browser_cannot_move_an_event_to_another_session(gateway: Gateway) -> None:
    gateway.send(single(sessionId="someone-else"))
    assert gateway.events()[0]["session_id"] == "test-session"


def test_the_session_may_come_from_a_cookie() -> None:
    gateway = Gateway(policy=Policy(bounds=BodyBounds(), session_cookie="sid"))
    assert gateway.send({"event": page_view()}, FROM_SHOP | {"cookie": "a=b; sid=from-cookie"}).status == 200
    assert gateway.events()[0]["session_id"] == "from-cookie"
    assert gateway.send({"event": page_view()}, FROM_SHOP | {"cookie": 'sid="\\000"'}).status == 400


@pytest.mark.parametrize("signal", ["sec-gpc", "dnt"])
def test_a_visitor_who_says_no_is_dropped_before_the_body_is_read(gateway: Gateway, signal: str) -> None:
    answer = gateway.exchange([], FROM_SHOP | {signal: "1"})
    assert (answer.status, answer.json) == (200, {"success": True, "count": 0, "dropped": "opted_out"})


@pytest.mark.parametrize("consent", ["denied", "pending"])
def test_without_consent_nothing_is_kept_not_even_a_rejection(gateway: Gateway, consent: str) -> None:
    for body in (batch(page_view(), consent=consent), batch("?", consent=consent), {"consent": consent}):
        assert gateway.send(body).json == {"success": True, "count": 0, "dropped": "opted_out"}
    assert not gateway.published
    assert not gateway.letters


def test_with_analytics_off_everything_is_dropped() -> None:
    gateway = Gateway(policy=Policy(bounds=BodyBounds(), analytics_enabled=False))
    assert gateway.exchange([]).json == {"success": True, "count": 0, "dropped": "analytics_disabled"}


def test_a_listed_origin_passes_its_preflight_and_another_does_not(gateway: Gateway) -> None:
    answer = gateway.send(b"", {"origin": ORIGIN}, "OPTIONS")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-headers"] == "content-type, authorization"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert answer.headers["vary"] == "Origin"
    other = gateway.send(b"", {"origin": "https://evil.example"}, "OPTIONS")
    assert other.status == 403
    assert "access-control-allow-origin" not in other.headers


def test_only_a_server_may_send_without_an_origin(gateway: Gateway) -> None:
    assert gateway.send(single(), FROM_SERVER).status == 200
    assert "access-control-allow-origin" not in gateway.send(single(), FROM_SERVER).headers
