"""The gateway's own process on real Kafka and registry: what it said 200 to is in the topic."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from ingest_gateway.deliveries import FAILURES
from schemas.api_keys import digest_of
from schemas.avro_schemas import schema
from schemas.topics import DEAD_LETTER, INTERACTIONS, Namespace, Topic
from tests.services import free_port, wait_until
from tests.stack import Stack
from tests.topic import read_topic
from wire.codec import Decoder

pytestmark = pytest.mark.integration

ORIGIN = "https://shop.example"
HEADERS = {
    "Origin": ORIGIN,
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
}


class Gateway:
    """A running gateway process."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=15)

    def send(self, body: dict[str, Any]) -> httpx.Response:
        return self.client.post("/api/analytics", json=body)

    def readiness(self) -> httpx.Response | None:
        try:
            return self.client.get("/readyz")
        except httpx.TransportError:
            return None

    def await_status(self, status: int, seconds: float = 30) -> httpx.Response:
        deadline = time.monotonic() + seconds
        answer = None
        while time.monotonic() < deadline:
            answer = self.readiness()
            if answer is not None and answer.status_code == status:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"not {status} after {seconds} s, but {answer and answer.text}")


@contextmanager
def running(bootstrap: str, registry_url: str, namespace: str) -> Iterator[Gateway]:
    port = free_port()
    environment = os.environ | {
        "SILLAGE_KAFKA_BOOTSTRAP": bootstrap,
        "SILLAGE_REGISTRY_URL": registry_url,
        "SILLAGE_NAMESPACE": namespace,
        "SILLAGE_GATEWAY_PORT": str(port),
        "SILLAGE_ALLOWED_ORIGINS": ORIGIN,
        "SILLAGE_SECRET_KEYS": digest_of("sk_1"),
    }
    process = subprocess.Popen([sys.executable, "-m", "ingest_gateway"], env=environment)
    gateway = Gateway(process, port)
    try:
        yield gateway
    finally:
        gateway.client.close()
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def gateway(stack: Stack, namespace: str) -> Iterator[Gateway]:
    with running(stack.bootstrap, stack.registry_url, namespace) as process:
        process.await_status(200)
        yield process


class OwnSchema:
    """Every id in a topic of the test's own names the schema it was provisioned with."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic

    def schema(self, schema_id: int) -> dict[str, Any]:
        return schema(self._topic.value or "")


def records(stack: Stack, namespace: str, topic: Topic) -> list[dict[str, Any]]:
    """Everything in the topic now."""
    decoder = Decoder(topic.value or "", OwnSchema(topic))
    name = Namespace(namespace).topic(topic)
    return [decoder.decode(message.value()) for message in read_topic(stack.bootstrap, name)]


def status_of_one_event(gateway: Gateway) -> int:
    """What a page view is answered with."""
    return gateway.send({"sessionId": "s", "event": _view()}).status_code


def configure_topic(stack: Stack, topic: str, entry: ConfigEntry) -> None:
    """Change one entry of a topic's configuration."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(timeout=30)


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
        10,
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
        assassin = threading.Timer(0.5, gateway.process.kill)
        assassin.start()
        with suppress(httpx.TransportError):
            while True:
                ids = [str(uuid4()) for _ in range(10)]
                body = {"sessionId": session, "events": [_view(eventId=event_id) for event_id in ids]}
                assert gateway.send(body).json()["count"] == 10
                answered += ids
        assassin.join()
    stored = {e["event_id"] for e in records(stack, namespace, INTERACTIONS) if e["session_id"] == session}
    assert len(answered) > 100
    assert stored >= set(answered)


def test_sigterm_ends_it_in_order(stack: Stack, namespace: str) -> None:
    with running(stack.bootstrap, stack.registry_url, namespace) as gateway:
        gateway.await_status(200)
        assert gateway.send({"sessionId": "s", "event": _view()}).status_code == 200
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(10) == 0


def test_without_kafka_it_says_so_in_time_and_is_not_ready(stack: Stack, namespace: str) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with running(nowhere, stack.registry_url, namespace) as gateway:
        missing = gateway.await_status(503).json()["missing"]
        assert "kafka" in missing
        deadline = time.monotonic() + 20
        while "schemas" in missing and time.monotonic() < deadline:
            missing = gateway.await_status(503).json()["missing"]
        started = time.monotonic()
        answer = gateway.send({"sessionId": "s", "event": _view()})
        assert time.monotonic() - started < 2.5
        assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        gateway.process.terminate()
        assert gateway.process.wait(10) == 0


def test_kafka_that_answers_but_takes_nothing_is_not_ready(stack: Stack, namespace: str) -> None:
    topic = Namespace(namespace).topic(INTERACTIONS)
    size = "max.message.bytes"
    nothing_fits = ConfigEntry(size, "1", incremental_operation=AlterConfigOpType.SET)
    as_before = ConfigEntry(size, None, incremental_operation=AlterConfigOpType.DELETE)

    with running(stack.bootstrap, stack.registry_url, namespace) as gateway:
        gateway.await_status(200)
        configure_topic(stack, topic, nothing_fits)
        try:
            wait_until(lambda: status_of_one_event(gateway) == 503, 20, lambda: "it still takes events")
            assert [status_of_one_event(gateway) for _ in range(FAILURES)] == [503] * FAILURES
            assert "not acknowledged" in gateway.await_status(503, seconds=8).json()["missing"]["kafka"]
        finally:
            configure_topic(stack, topic, as_before)
        wait_until(lambda: status_of_one_event(gateway) == 200, 20, lambda: "it takes no events")
        gateway.await_status(200, seconds=5)


def test_without_the_registry_it_waits_and_refuses(stack: Stack, namespace: str) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/apis/ccompat/v7"
    with running(stack.bootstrap, nowhere, namespace) as gateway:
        gateway.await_status(503)
        assert gateway.send({"sessionId": "s", "event": _view()}).status_code == 503
        assert "schemas" in gateway.await_status(503).json()["missing"]


def test_a_missing_topic_is_named(stack: Stack) -> None:
    with running(stack.bootstrap, stack.registry_url, "nobody.") as gateway:
        deadline = time.monotonic() + 20
        missing: dict[str, str] = {}
        while "sillage topics apply" not in missing.get("kafka", "") and time.monotonic() < deadline:
            missing = gateway.await_status(503).json()["missing"]
        assert "nobody.interactions" in missing["kafka"]


def test_unconfigured_it_does_not_start_and_says_what_to_set() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SILLAGE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "ingest_gateway"], env=bare, capture_output=True, timeout=30, check=False
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
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
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
