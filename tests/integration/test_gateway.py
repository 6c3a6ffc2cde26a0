"""The gateway's own process on real Kafka and registry: what it said 200 to is in the topic."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest

from schemas.topics import DEAD_LETTER, INTERACTIONS
from tests.integration.gateway_rig import ORIGIN, Gateway, records, running
from tests.services import wait_until
from tests.stack import Stack

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def gateway(stack: Stack, namespace: str) -> Iterator[Gateway]:
    with running(stack.bootstrap, stack.registry_url, namespace) as process:
        process.await_status(200)
        yield process


def _view(**more: Any) -> dict[str, Any]:
    return {"eventType": "PAGE_VIEW", "eventCategory": "VIEW", "path": "/perfume/test", **more}


def test_a_page_view_is_in_the_topic_when_it_is_answered(
    stack: Stack, namespace: str, gateway: Gateway
) -> None:
    answer = gateway.send({"sessionId": "test-session", "event": _view()})
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    stored = [e for e in records(stack, namespace, INTERACTIONS) if e["event_id"] == answer.json()["eventId"]]
    assert [(e["event_type"], e["session_id"], e["browser"]) for e in stored] == [
        ("PAGE_VIEW", "test-session", "Firefox")
    ]


def test_a_perfume_view_keeps_its_metadata_and_duration(
    stack: Stack, namespace: str, gateway: Gateway
) -> None:
    event = _view(
        eventType="PERFUME_VIEW", perfumeId="perfume-123", eventData={"source": "search"}, duration=5000
    )
    event_id = gateway.send({"sessionId": "test-session", "event": event}).json()["eventId"]
    (stored,) = [e for e in records(stack, namespace, INTERACTIONS) if e["event_id"] == event_id]
    assert (stored["perfume_id"], stored["duration"], stored["event_data"]) == (
        "perfume-123",
        5000,
        '{"source":"search"}',
    )


def test_an_invalid_category_is_refused_and_only_its_dead_letter_is_stored(
    stack: Stack, namespace: str, gateway: Gateway
) -> None:
    session = str(uuid4())
    answer = gateway.send({"sessionId": session, "event": _view(eventCategory="INVALID")})
    assert (answer.status_code, answer.json()["reason"]) == (400, "wrong_category")
    assert not [e for e in records(stack, namespace, INTERACTIONS) if e["session_id"] == session]
    wait_until(
        lambda: 'dead_letters_total{outcome="kept"} 1.0' in gateway.client.get("/metrics").text,
        120,
        lambda: gateway.client.get("/metrics").text,
    )
    (letter,) = [e for e in records(stack, namespace, DEAD_LETTER) if e["session_id"] == session]
    assert (letter["stage"], letter["reason"]) == ("gateway", "wrong_category")


def test_an_accepted_batch_is_in_the_topic_once_and_in_order(
    stack: Stack, namespace: str, gateway: Gateway
) -> None:
    session = str(uuid4())
    ids = [str(uuid4()) for _ in range(200)]
    answer = gateway.send({"sessionId": session, "events": [_view(eventId=event_id) for event_id in ids]})
    assert answer.json() == {"success": True, "count": 200}
    stored = [e for e in records(stack, namespace, INTERACTIONS) if e["session_id"] == session]
    assert [e["event_id"] for e in stored] == ids


def test_what_was_answered_before_a_kill_is_in_the_topic(stack: Stack, namespace: str) -> None:
    answered: list[str] = []
    session = str(uuid4())
    with running(stack.bootstrap, stack.registry_url, namespace) as gateway:
        gateway.await_status(200)
        in_full_flow = threading.Event()

        def kill() -> None:
            in_full_flow.wait()
            gateway.process.kill()

        assassin = threading.Thread(target=kill, daemon=True)
        assassin.start()
        with suppress(httpx.TransportError):
            while True:
                ids = [str(uuid4()) for _ in range(10)]
                body = {"sessionId": session, "events": [_view(eventId=event_id) for event_id in ids]}
                assert gateway.send(body).json()["count"] == 10
                answered += ids
                if len(answered) > 100:
                    in_full_flow.set()
        in_full_flow.set()
        assassin.join()
    stored = {e["event_id"] for e in records(stack, namespace, INTERACTIONS) if e["session_id"] == session}
    assert len(answered) > 100
    assert stored >= set(answered)


def test_sigterm_ends_it_in_order(stack: Stack, namespace: str) -> None:
    with running(stack.bootstrap, stack.registry_url, namespace) as gateway:
        gateway.await_status(200)
        assert gateway.send({"sessionId": "s", "event": _view()}).status_code == 200
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(60) == 0


def test_a_missing_topic_is_named(stack: Stack) -> None:
    with running(stack.bootstrap, stack.registry_url, "nobody.") as gateway:
        wait_until(
            lambda: "sillage topics apply" in (gateway.await_status(503).json()["spooling"] or ""),
            60,
            lambda: gateway.await_status(503).text,
        )
        assert "nobody.interactions" in gateway.await_status(503).json()["spooling"]


def test_unconfigured_it_does_not_start_and_says_what_to_set() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SILLAGE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "ingest_gateway"], env=bare, capture_output=True, timeout=120, check=False
    )
    assert ended.returncode == 78
    assert b"SILLAGE_ALLOWED_ORIGINS" in ended.stderr


@pytest.mark.parametrize("length", [b"Content-Length: 900000", b"Transfer-Encoding: chunked"])
def test_a_body_too_large_ends_its_connection(gateway: Gateway, length: bytes) -> None:
    head = (
        b"POST /api/analytics HTTP/1.1\r\nHost: x\r\nOrigin: "
        + ORIGIN.encode()
        + b"\r\n"
        + length
        + b"\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as connection:
        connection.sendall(head)
        if b"chunked" in length:
            for _ in range(9):
                connection.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        # What it does not read any more, the system answers with a reset.
        answer = b""
        with suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer
