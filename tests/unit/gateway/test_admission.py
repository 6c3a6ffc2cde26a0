"""Who may send what, whose word is believed, and who is left alone."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest_gateway.body import BodyBounds
from ingest_gateway.route import Policy
from ingest_gateway.user_tokens import TokenKey, TokenRules
from tests.unit.gateway.in_memory import (
    EDGE,
    FROM_SERVER,
    FROM_SHOP,
    NOW,
    ORIGIN,
    Gateway,
    batch,
    page_view,
    single,
)
from tests.unit.gateway.signed import PUBLIC, STRANGER, eddsa, hs256, unsigned


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
        ({"authorization": "Bearer sk_9"}, {}, 401, "invalid_key"),
        ({"authorization": "Basic sk_1"}, {}, 401, "invalid_key"),
        ({"authorization": "Bearer pk_1"}, {}, 401, "invalid_key"),
        ({"origin": ORIGIN, "authorization": "Bearer sk_9"}, {}, 401, "invalid_key"),
        (FROM_SHOP, single() | {"key": "pk_2"}, 401, "invalid_key"),
        (FROM_SHOP, single() | {"key": "sk_1"}, 401, "invalid_key"),
        (FROM_SHOP, single() | {"userToken": "a.b.c"}, 401, "invalid_token"),
        (FROM_SHOP, single() | {"userId": "u"}, 400, "identity_in_body"),
        (FROM_SHOP, single(userId="u"), 400, "identity_in_body"),
        (FROM_SHOP, single(user_id="u"), 400, "identity_in_body"),
        (FROM_SHOP, single(eventData={"userId": "u"}), 400, "identity_in_body"),
        (FROM_SHOP, single(eventData={"user_id": 7}), 400, "identity_in_body"),
        (FROM_SHOP, single() | {"user_id": "u"}, 400, "identity_in_body"),
        (FROM_SHOP, single() | {"context": {"userId": "u"}}, 400, "identity_in_body"),
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
    assert answer.headers["access-control-allow-headers"] == "content-type, content-encoding"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert answer.headers["vary"] == "Origin"
    other = gateway.send(b"", {"origin": "https://evil.example"}, "OPTIONS")
    assert other.status == 403
    assert "access-control-allow-origin" not in other.headers


def test_only_a_server_may_send_without_an_origin(gateway: Gateway) -> None:
    assert gateway.send(single(), FROM_SERVER).status == 200
    assert "access-control-allow-origin" not in gateway.send(single(), FROM_SERVER).headers


@pytest.fixture
def with_tokens() -> Gateway:
    return Gateway(tokens=TokenRules([TokenKey.ed25519(PUBLIC)]))


def test_a_signed_token_names_the_user_of_every_event(with_tokens: Gateway) -> None:
    assert with_tokens.send(batch(page_view(), page_view(), userToken=eddsa())).status == 200
    assert [event["user_id"] for event in with_tokens.events()] == ["u-1", "u-1"]


def test_the_token_may_come_from_a_cookie_and_the_bodys_own_wins(with_tokens: Gateway) -> None:
    with_cookie = FROM_SHOP | {"cookie": f"a=b; who={eddsa(sub='u-cookie')}"}
    assert with_tokens.send(single(), with_cookie).status == 200
    assert with_tokens.send(single() | {"userToken": eddsa()}, with_cookie).status == 200
    assert [event["user_id"] for event in with_tokens.events()] == ["u-cookie", "u-1"]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (unsigned(), "invalid_token"),
        (eddsa(STRANGER), "invalid_token"),
        (eddsa(iat=1, exp=2), "expired_token"),
        (hs256(), "invalid_token"),
        ("", "invalid_token"),
    ],
)
def test_a_token_that_cannot_be_believed_refuses_the_batch_wherever_it_comes_from(
    with_tokens: Gateway, token: str, reason: str
) -> None:
    for answer in (
        with_tokens.send(single() | {"userToken": token}),
        with_tokens.send(single(), FROM_SHOP | {"cookie": f"who={token or 'x'}"}),
    ):
        assert (answer.status, answer.json["reason"]) == (401, reason)
    assert not with_tokens.published
    assert not with_tokens.letters


def test_a_browsers_token_does_not_let_it_name_somebody_else(with_tokens: Gateway) -> None:
    answer = with_tokens.send(batch(page_view(), page_view(userId="u-2"), userToken=eddsa()))
    assert (answer.json["count"], answer.json["rejected"][0]["reason"]) == (1, "identity_in_body")
    assert [event["user_id"] for event in with_tokens.events()] == ["u-1"]


def test_a_servers_word_for_one_event_goes_before_the_batchs_user(with_tokens: Gateway) -> None:
    events = batch(page_view(userId="u-2"), page_view())
    for envelope in ({"userId": "u-3"}, {"userToken": eddsa()}):
        assert with_tokens.send(events | envelope, FROM_SERVER).status == 200
    assert [event["user_id"] for event in with_tokens.events()] == ["u-2", "u-3", "u-2", "u-1"]


def test_a_server_says_when_each_event_happened(gateway: Gateway) -> None:
    times = [NOW - 40 * 3_600_000, NOW - 1_000]
    gateway.send({"events": [page_view(sessionId="s", timestamp=time) for time in times]}, FROM_SERVER)
    assert [(e["occurred_at"], e["time_source"]) for e in gateway.events()] == [(t, "client") for t in times]


def test_who_said_no_leaves_no_trace_whoever_asks() -> None:
    off = Gateway(policy=Policy(bounds=BodyBounds(), analytics_enabled=False))
    for gateway, headers, why in (
        (off, {"authorization": "Bearer wrong"}, "analytics_disabled"),
        (off, FROM_SHOP, "analytics_disabled"),
        (Gateway(), {"origin": "https://evil.example", "sec-gpc": "1"}, "opted_out"),
        (Gateway(), FROM_SHOP | {"dnt": "1"}, "opted_out"),
    ):
        with capture_logs() as logged:
            answer = gateway.send(b"not even JSON", headers)
        assert (answer.status, answer.json["dropped"]) == (200, why)
        assert not gateway.published
        assert not gateway.letters
        assert not logged
        assert (
            gateway.figure(f'sillage_gateway_requests_total{{outcome="{why}",reason="",status="200"}}') >= 1
        )
        assert gateway.figure("sillage_gateway_events_received_total") == 0
