"""Who said no leaves nothing behind, whatever else is wrong with the request."""

import json
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.unit.gateway.in_memory import FROM_SHOP, Gateway, single

VIEW = '"event":{"eventType":"PAGE_VIEW","path":"/"}'
DEEP = "[" * 3_000 + "]" * 3_000
NO = [  # in each VIEW stands for an event, and DEEP for what nobody nests
    '{"consent":"denied",VIEW}',
    '{"sessionId":"s","consent":"denied","sdk":"a/1","sdk":"b/1",VIEW}',
    '{"sessionId":"s","consent":"granted","consent":"denied",VIEW}',
    '{"sessionId":"s","consent":"denied","consent":"granted",VIEW}',
    '{"sessionId":"s","consent":"pending","context":{"a":DEEP},VIEW}',
    '{"sessionId":"s","consent":"denied","event":{"eventData":DEEP}}',
    '{"sessionId":"s","consent":"denied","event":{"eventType":"PAGE_V',
    '{"sessionId":"s", "consent" : "pending", "event": {},}',
    '[{"consent":"denied",VIEW}]',
    "{'sessionId': 's', 'consent': 'denied'}",
    "sessionId=s&consent=denied",
    '\ufeff{"sessionId":"s","consent":"denied",VIEW}',
    '{"sessionId":"","consent":"denied","key":"pk_wrong","userToken":"x.y.z","userId":"u",VIEW}',
    '{"sessionId":"s","consent":"denied","sdk":7,"events":"none"}',
]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Whatever is sent to it, nothing of it stays."""
    silent = Gateway()
    with capture_logs() as lines:
        yield silent
    assert (silent.published, silent.letters, lines) == ([], [], [])


@pytest.mark.parametrize("body", NO)
def test_a_no_goes_before_every_fault(gateway: Gateway, body: str) -> None:
    answer = gateway.send(body.replace("VIEW}", VIEW + "}").replace("DEEP", DEEP).encode())
    assert (answer.status, answer.json["dropped"]) == (200, "opted_out")
    assert gateway.figure('sillage_gateway_requests_total{outcome="opted_out",reason="",status="200"}') == 1


def test_a_no_in_another_encoding_is_read_too(gateway: Gateway) -> None:
    body = json.dumps(single(consent="denied") | {"consent": "denied"})
    assert gateway.send(body.encode("utf-16")).json["dropped"] == "opted_out"


@pytest.mark.parametrize("name", ["dnt", "sec-gpc"])
def test_a_signal_goes_before_an_unlisted_origin(gateway: Gateway, name: str) -> None:
    assert (
        gateway.send(b"[", {"origin": "https://unlisted.example", name: "1"}).json["dropped"] == "opted_out"
    )


def test_a_yes_or_a_no_of_something_else_is_no_no() -> None:
    gateway = Gateway()
    assert gateway.send(single() | {"consent": "granted"}).json["success"]
    inner = {
        "eventType": "SEARCH",
        "path": "/",
        "eventData": {"query": "consent denied", "consent": "denied"},
    }
    gateway.send({"sessionId": "s", "context": {"consent": "denied"}, "event": inner}, FROM_SHOP)
    assert gateway.send(b'{"consent":"granted", oops').status == 400
    assert gateway.send(b'{"consentDeniedAt":1,').status == 400
    assert gateway.figure('sillage_gateway_requests_total{outcome="opted_out",reason="",status="200"}') == 0
