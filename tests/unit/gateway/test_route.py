"""What a caller of POST /api/analytics gets, and what is in the log afterwards."""

import json

import pytest

from schemas import limits
from tests.unit.gateway.in_memory import (
    EDGE,
    FROM_SHOP,
    NOW,
    ORIGIN,
    Gateway,
    batch,
    page_view,
    single,
)

EVENT_ID = "0190A5B0-7D4E-7C3A-9F1E-2B3C4D5E6F70"


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def test_a_page_view_is_tracked(gateway: Gateway) -> None:
    answer = gateway.send(single(eventCategory="VIEW", eventId=EVENT_ID), FROM_SHOP | {"user-agent": EDGE})
    assert (answer.status, answer.json) == (200, {"success": True, "eventId": EVENT_ID.lower()})
    (event,) = gateway.events()
    assert gateway.published[0].key == b"test-session"
    assert (event["event_id"], event["event_type"], event["event_category"]) == (
        EVENT_ID.lower(),
        "PAGE_VIEW",
        "VIEW",
    )
    assert (event["session_id"], event["user_id"], event["source"]) == ("test-session", None, "browser")
    assert (event["occurred_at"], event["received_at"], event["time_source"]) == (NOW, NOW, "server")
    assert (event["browser"], event["os"], event["device_type"]) == ("Edge", "Windows", "desktop")
    assert (event["gateway_boot"], event["receipt"]) == ("boot", 1)


def test_a_perfume_view_keeps_its_metadata_and_duration(gateway: Gateway) -> None:
    event = {
        "eventType": "PERFUME_VIEW",
        "eventCategory": "VIEW",
        "path": "/perfume/test",
        "perfumeId": "perfume-123",
        "eventData": {"source": "search"},
        "duration": 5000,
    }
    assert gateway.send({"sessionId": "test-session", "event": event}).status == 200
    (stored,) = gateway.events()
    assert (stored["perfume_id"], stored["duration"]) == ("perfume-123", 5000)
    assert json.loads(stored["event_data"]) == {"source": "search"}


def test_an_invalid_category_is_refused_and_nothing_is_stored(gateway: Gateway) -> None:
    answer = gateway.send(single(eventCategory="INVALID"))
    assert (answer.status, answer.json["success"], answer.json["reason"]) == (400, False, "wrong_category")
    assert not gateway.published


def test_one_bad_event_does_not_cost_its_neighbours(gateway: Gateway) -> None:
    answer = gateway.send(batch(page_view(), page_view(eventType="NOPE", eventId="x"), "?", page_view()))
    assert (answer.status, answer.json["count"]) == (200, 2)
    assert [(item["index"], item["eventId"], item["reason"]) for item in answer.json["rejected"]] == [
        (1, "x", "unknown_type"),
        (2, None, "invalid_shape"),
    ]
    assert len(gateway.published) == 2


def test_a_batch_of_good_events_lists_no_rejections(gateway: Gateway) -> None:
    assert gateway.send(batch(page_view(), page_view())).json == {"success": True, "count": 2}


def test_a_batch_without_one_good_event_is_refused(gateway: Gateway) -> None:
    answer = gateway.send(batch(page_view(path=""), {}))
    assert (answer.status, answer.json["reason"]) == (400, "all_rejected")
    assert [item["reason"] for item in answer.json["rejected"]] == ["invalid_field", "missing_field"]


def test_an_event_sent_twice_in_one_batch_counts_once(gateway: Gateway) -> None:
    twice = page_view(eventId=EVENT_ID)
    answer = gateway.send(batch(twice, page_view(eventId=EVENT_ID.lower()), page_view()))
    assert answer.json == {"success": True, "count": 2}
    assert len(gateway.published) == 2
    assert gateway.figure('sillage_gateway_events_total{outcome="duplicate",reason=""}') == 1


def test_a_lone_surrogate_costs_only_its_own_event(gateway: Gateway) -> None:
    answer = gateway.send(batch(page_view(path="/\ud83d"), page_view()))
    assert (answer.status, answer.json["count"]) == (200, 1)
    assert answer.json["rejected"][0]["reason"] == "invalid_text"


@pytest.mark.parametrize(
    ("event_data", "reason"),
    [
        ('{"a": NaN}', "number_out_of_range"),
        ('{"a": -Infinity}', "number_out_of_range"),
        ('{"a": 1e400}', "number_out_of_range"),
        ('{"a": 18446744073709551616}', "number_out_of_range"),
        ('{"a": %s}' % ("9" * 5000), "number_out_of_range"),
        ('{"a": "\\u0000"}', "invalid_text"),
        ('{"\\u0000": 1}', "invalid_text"),
        ('{"a": ["\\udc00"]}', "invalid_text"),
        ('{"a": %s}' % ("[" * 8 + "]" * 8), "event_data_too_deep"),
        ('{"a": %s}' % ("[" * 500 + "]" * 500), "event_data_too_deep"),
        ('{"a": "%s"}' % ("x" * limits.EVENT_DATA_BYTES), "event_data_too_large"),
        ("[]", "invalid_field"),
    ],
)
def test_event_data_that_kafka_or_postgres_would_refuse_is_rejected(
    gateway: Gateway, event_data: str, reason: str
) -> None:
    body = json.dumps(single(eventData="HERE")).replace('"HERE"', event_data)
    answer = gateway.send(body.encode())
    assert (answer.status, answer.json["reason"]) == (400, reason)
    assert not gateway.published


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b'{"sessionId":', "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b'{"sessionId":"s\xff","events":[{}]}', "not_utf8"),
        (b"\xef\xbb\xbf{}", "byte_order_mark"),
        (b'{"sessionId":"s","sessionId":"t","events":[{}]}', "duplicate_key"),
        (b'{"sessionId":"s","session\\u0049d":"t","events":[{}]}', "duplicate_key"),
        (b'{"sessionId":"s","context":{"a":[{"b":1,"b":1}]},"events":[{}]}', "duplicate_key"),
        (b"[" * 100_000, "event_data_too_deep"),
        (b"[]", "invalid_shape"),
        (b"7", "invalid_shape"),
        (b"{}", "invalid_shape"),
        (b'{"sessionId":"s","events":[]}', "invalid_shape"),
        (b'{"sessionId":"s","events":{}}', "invalid_shape"),
        (b'{"sessionId":"s","event":{},"events":[{}]}', "invalid_shape"),
        (b'{"sessionId":7,"events":[{}]}', "invalid_shape"),
        (b'{"sessionId":"s","consent":"maybe","events":[{}]}', "invalid_shape"),
        (b'{"sessionId":"s","sentAt":"yesterday","events":[{}]}', "invalid_timestamp"),
        (b'{"sessionId":"s\\u0000","events":[{}]}', "invalid_text"),
        (b'{"sessionId":"s","context":{"a":1e999},"events":[{}]}', "number_out_of_range"),
        (b'{"events":[{"eventType":"PAGE_VIEW","path":"/"}]}', "missing_session"),
        (b'{"sessionId":" Undefined ","events":[{"eventType":"PAGE_VIEW","path":"/"}]}', "missing_session"),
    ],
)
def test_a_body_that_is_no_batch_is_refused_with_its_reason(
    gateway: Gateway, body: bytes, reason: str
) -> None:
    answer = gateway.send(body)
    assert (answer.status, answer.json["success"], answer.json["reason"]) == (400, False, reason)
    assert not gateway.published


def test_a_session_id_too_long_is_refused(gateway: Gateway) -> None:
    answer = gateway.send(single() | {"sessionId": "s" * 129})
    assert (answer.status, answer.json["reason"]) == (400, "id_too_long")


def test_more_events_than_a_request_may_carry_are_refused_together(gateway: Gateway) -> None:
    answer = gateway.send(batch(*[page_view()] * (limits.BATCH_EVENTS + 1)))
    assert (answer.status, answer.json["reason"]) == (413, "too_many_events")
    assert gateway.send(batch(*[page_view()] * limits.BATCH_EVENTS)).json["count"] == limits.BATCH_EVENTS


def test_an_event_larger_than_it_may_be_is_rejected_alone(gateway: Gateway) -> None:
    answer = gateway.send(batch(page_view(referrer="r" * limits.EVENT_BYTES), page_view()))
    assert (answer.json["count"], answer.json["rejected"][0]["reason"]) == (1, "event_too_large")


def test_what_the_browser_decides_is_cut_and_named(gateway: Gateway) -> None:
    referrer, agent = "r" * (limits.REFERRER_CHARS + 1), "u" * (limits.USER_AGENT_CHARS + 1)
    assert gateway.send(single(referrer=referrer), FROM_SHOP | {"user-agent": agent}).status == 200
    (event,) = gateway.events()
    assert (event["referrer"], event["user_agent"]) == (referrer[:-1], agent[:-1])
    assert event["truncated"] == ["referrer", "user_agent"]


def test_kafka_away_is_a_503_that_asks_to_come_again(gateway: Gateway) -> None:
    gateway.available = False
    answer = gateway.send(batch(page_view(), "?"))
    assert (answer.status, answer.json["reason"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert not gateway.letters
    assert gateway.figure('sillage_gateway_events_total{outcome="rejected",reason="unavailable"}') == 2


@pytest.mark.sources
def test_a_bug_is_a_500_with_a_fixed_text(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest_gateway.route.parse", lambda body: 1 / 0)
    answer = gateway.send(single())
    assert (answer.status, answer.json["error"]) == (500, "Internal server error")
    assert b"division" not in answer.body


def test_a_body_is_cut_off_at_its_limit_whatever_its_headers_say(gateway: Gateway) -> None:
    chunk = {"type": "http.request", "body": b" " * 65_536, "more_body": True}
    answer = gateway.exchange([chunk] * 9, FROM_SHOP | {"content-length": "10"})
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    declared = gateway.exchange([], FROM_SHOP | {"content-length": "600000"})
    assert (declared.status, declared.json["reason"]) == (413, "body_too_large")


def test_a_body_that_never_ends_is_a_408(gateway: Gateway) -> None:
    answer = gateway.exchange([{"type": "http.request", "body": b"{", "more_body": True}])
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_a_client_that_leaves_gets_no_answer_and_stores_nothing(gateway: Gateway) -> None:
    body = json.dumps(single()).encode()
    answer = gateway.exchange(
        [{"type": "http.request", "body": body, "more_body": True}, {"type": "http.disconnect"}]
    )
    assert answer.status == 0
    assert not gateway.published


def test_other_methods_are_told_which_to_use(gateway: Gateway) -> None:
    answer = gateway.send(b"", FROM_SHOP, "PUT")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_an_object_that_names_a_key_twice_costs_only_its_own_event(gateway: Gateway) -> None:
    good, twice = b'{"eventType":"PAGE_VIEW","path":"/"}', b'{"eventType":"PAGE_VIEW","path":"/","path":"/b"}'
    within = b'{"eventType":"PAGE_VIEW","path":"/","eventData":{"a":[{"b":1,"b":2}]}}'
    body = b'{"sessionId":"s","events":[%s,%s,%s]}' % (twice, good, within)
    answer = gateway.send(body)
    assert (answer.status, answer.json["count"]) == (200, 1)
    assert [(item["index"], item["reason"]) for item in answer.json["rejected"]] == [
        (0, "duplicate_key"),
        (2, "duplicate_key"),
    ]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain;charset=UTF-8", 'Application/JSON; charset="utf-8"', "text/plain; x=y"],
)
def test_json_is_taken_under_either_type(gateway: Gateway, content_type: str) -> None:
    assert gateway.send(single(), {"origin": ORIGIN, "content-type": content_type}).status == 200


@pytest.mark.parametrize("content_type", ["text/html", "application/json; charset=utf-16", "json", "*/*"])
def test_other_types_and_charsets_are_refused(gateway: Gateway, content_type: str) -> None:
    answer = gateway.send(single(), {"origin": ORIGIN, "content-type": content_type})
    assert (answer.status, answer.json["reason"]) == (415, "unsupported_media_type")


def test_a_beacon_with_plain_text_is_taken(gateway: Gateway) -> None:
    assert (
        gateway.send(single(), {"origin": ORIGIN, "content-type": "text/plain;charset=UTF-8"}).status == 200
    )


def test_received_events_are_the_sum_of_their_outcomes(gateway: Gateway) -> None:
    gateway.send(batch(page_view(eventId=EVENT_ID), page_view(eventId=EVENT_ID), "?", page_view()))
    assert gateway.figure("sillage_gateway_events_received_total") == 4
    assert gateway.figure('sillage_gateway_events_total{outcome="accepted",reason=""}') == 2
