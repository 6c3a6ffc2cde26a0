"""The spool of a gateway process, with real Kafka going away and coming back: a 200 is a promise kept."""

import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from ingest_gateway.schema_ids import SchemaIds
from ingest_gateway.spool.segments import segments_in
from schemas.topics import DEAD_LETTER, INTERACTIONS, Namespace
from tests.integration.gateway_rig import HEADERS, Gateway, records, running
from tests.services import free_port, wait_until
from tests.stack import Stack
from wire.registry import Registry

pytestmark = pytest.mark.integration

IN_SPOOL = "sillage_gateway_spool_records"
PATIENCE_S = 120.0
NOWHERE = "http://127.0.0.1:9/apis/ccompat/v7"
"""A registry that is away."""


def send(gateway: Gateway, events: int = 3) -> tuple[httpx.Response, list[str]]:
    """One batch's answer, and the ids of its events."""
    ids = [str(uuid4()) for _ in range(events)]
    body = {"sessionId": ids[0], "events": [_view(event_id) for event_id in ids]}
    return gateway.send(body), ids


def taken(gateway: Gateway, batches: int = 1) -> set[str]:
    """Ids of events that were answered 200, each batch of them."""
    found: set[str] = set()
    for _ in range(batches):
        answer, ids = send(gateway)
        assert answer.status_code == 200
        found.update(ids)
    return found


def _view(event_id: str) -> dict[str, str]:
    return {"eventType": "PAGE_VIEW", "path": "/perfume/test", "eventId": event_id}


def in_topic(stack: Stack, namespace: str) -> list[str]:
    return [event["event_id"] for event in records(stack, namespace, INTERACTIONS)]


def drained(gateway: Gateway) -> None:
    wait_until(lambda: gateway.figure(IN_SPOOL) == 0, PATIENCE_S, lambda: gateway.client.get("/metrics").text)


def slot(spool: Path, namespace: str, number: int = 1) -> Path:
    return spool / Namespace(namespace).topic(INTERACTIONS) / f"slot-{number}"


@contextmanager
def kafka_holding_still(stack: Stack) -> Iterator[None]:
    """Kafka does nothing, with all its connections open."""
    if stack.instance is None:
        pytest.skip("this stack's Kafka cannot be stopped from here")
    pid = stack.instance.pid("kafka")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def go_on(stack: Stack) -> None:
    assert stack.instance is not None
    os.kill(stack.instance.pid("kafka"), signal.SIGCONT)


@contextmanager
def stopped(
    stack: Stack, namespace: str, spool: Path, more: Mapping[str, str] | None = None
) -> Iterator[Gateway]:
    """A gateway, and Kafka holding still since it was ready."""
    with running(stack.bootstrap, stack.registry_url, namespace, spool, more) as gateway:
        gateway.await_status(200)
        taken(gateway)
        with kafka_holding_still(stack):
            yield gateway


def test_while_kafka_holds_still_events_are_taken_and_delivered_later(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    with running(stack.bootstrap, stack.registry_url, namespace, tmp_path) as gateway:
        gateway.await_status(200)
        with kafka_holding_still(stack):
            answered = taken(gateway, 20)
            assert gateway.figure(IN_SPOOL) == len(answered)
            assert gateway.figure("sillage_gateway_breaker_open") == 1
            wait_until(
                lambda: gateway.await_status(200).json()["spooling"] is not None, PATIENCE_S, lambda: "silent"
            )
        drained(gateway)
        answered |= taken(gateway)
        assert answered <= set(in_topic(stack, namespace))


def test_a_restart_of_kafka_loses_nothing(stack: Stack, namespace: str, tmp_path: Path) -> None:
    if stack.instance is None:
        pytest.skip("this stack's Kafka cannot be killed from here")
    with running(stack.bootstrap, stack.registry_url, namespace, tmp_path) as gateway:
        gateway.await_status(200)
        answered = taken(gateway, 5)
        os.kill(stack.instance.pid("kafka"), signal.SIGKILL)
        answered |= taken(gateway, 20)
        drained(gateway)
        assert answered <= set(in_topic(stack, namespace))


def test_what_a_killed_gateway_left_is_delivered_by_the_next_which_starts_without_kafka_and_registry(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    answered: set[str] = set()
    seen = SchemaIds(Registry(stack.registry_url), NOWHERE, Namespace(namespace), tmp_path)
    assert seen.ask(INTERACTIONS) != seen.ask(DEAD_LETTER)
    with ExitStack() as still_running, stopped(stack, namespace, tmp_path) as gateway:
        with ThreadPoolExecutor(4) as threads:
            senders = [threads.submit(_send_until_it_dies, gateway) for _ in range(4)]
            wait_until(lambda: gateway.figure(IN_SPOOL) > 300, PATIENCE_S, lambda: "it spools nothing")
            gateway.process.kill()
            for sender in senders:
                answered |= sender.result()
        again = still_running.enter_context(running(stack.bootstrap, NOWHERE, namespace, tmp_path))
        again.await_status(200)
        assert again.figure(IN_SPOOL) >= len(answered)
        answered |= taken(again)
        go_on(stack)
        drained(again)
        assert answered <= set(in_topic(stack, namespace))
        again.process.terminate()
        assert again.process.wait(60) == 0
    assert segments_in(slot(tmp_path, namespace)) == []


def _send_until_it_dies(gateway: Gateway) -> set[str]:
    answered: set[str] = set()
    mine = Gateway(gateway.process, gateway.port)  # a client's connections belong to one thread
    with closing(mine.client), suppress(httpx.TransportError):
        while True:
            answered |= taken(mine)
    return answered


def test_another_gateway_of_the_host_delivers_what_a_dead_one_left(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    port, both = free_port(), [slot(tmp_path, namespace, number) for number in (1, 2)]
    with running(stack.bootstrap, stack.registry_url, namespace, tmp_path, port=port) as first:
        first.await_status(200)
        with running(stack.bootstrap, stack.registry_url, namespace, tmp_path, port=port) as second:
            wait_until(both[1].exists, PATIENCE_S, lambda: "no second slot")
            answered: set[str] = set()

            def both_have_taken_some() -> bool:
                answered.add(_by_a_fresh_connection(port))
                return all(segments_in(folder) for folder in both)

            with kafka_holding_still(stack):
                wait_until(both_have_taken_some, PATIENCE_S, lambda: "one of them takes no connections")
                first.process.kill()
                first.process.wait()
            wait_until(
                lambda: answered <= set(in_topic(stack, namespace)),
                PATIENCE_S,
                lambda: "not all arrive",
            )
            assert taken(second)


def _by_a_fresh_connection(port: int) -> str:
    """The id of an event that was taken; the system spreads connections over processes, not requests."""
    event_id = str(uuid4())
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=60) as client:
        answer = client.post("/api/analytics", json={"sessionId": event_id, "event": _view(event_id)})
    assert answer.status_code == 200
    return event_id


def test_a_full_spool_is_a_503_and_takes_again_when_it_has_drained(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    answered: set[str] = set()
    with stopped(stack, namespace, tmp_path, {"SILLAGE_SPOOL_MAX_MB": "1"}) as gateway:
        answer, ids = send(gateway, events=200)
        while answer.status_code == 200:
            answered.update(ids)
            answer, ids = send(gateway, events=200)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "full" in gateway.await_status(503).json()["missing"]["kafka"]
        assert gateway.figure("sillage_gateway_spool_bytes") <= 1024 * 1024
        go_on(stack)
        drained(gateway)
        answered |= taken(gateway)
        assert answered <= set(in_topic(stack, namespace))


def test_a_topic_that_refuses_everything_costs_nothing(stack: Stack, namespace: str, tmp_path: Path) -> None:
    size = "max.message.bytes"
    with running(stack.bootstrap, stack.registry_url, namespace, tmp_path) as gateway:
        gateway.await_status(200)
        set_to_one = ConfigEntry(size, "1", incremental_operation=AlterConfigOpType.SET)
        as_before = ConfigEntry(size, None, incremental_operation=AlterConfigOpType.DELETE)
        _configure(stack, namespace, set_to_one)
        try:
            wait_until(lambda: _spooled_when_sent(gateway), PATIENCE_S, lambda: "it still takes events")
            answered = taken(gateway, 5)
            assert gateway.figure(IN_SPOOL) >= 15
        finally:
            _configure(stack, namespace, as_before)
        drained(gateway)
        assert answered <= set(in_topic(stack, namespace))
        assert gateway.figure("sillage_gateway_quarantined_records_total") == 0


def _spooled_when_sent(gateway: Gateway) -> bool:
    return bool(taken(gateway)) and gateway.figure(IN_SPOOL) > 0


def _configure(stack: Stack, namespace: str, entry: ConfigEntry) -> None:
    topic = Namespace(namespace).topic(INTERACTIONS)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(timeout=60)


def test_sigterm_while_kafka_is_away_ends_it_in_order(stack: Stack, namespace: str, tmp_path: Path) -> None:
    with stopped(stack, namespace, tmp_path) as gateway:
        answered = taken(gateway, 3)
        gateway.process.terminate()
        assert gateway.process.wait(60) == 0
    with running(stack.bootstrap, stack.registry_url, namespace, tmp_path) as again:
        again.await_status(200)
        drained(again)
        assert answered <= set(in_topic(stack, namespace))
