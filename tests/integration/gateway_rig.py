"""A gateway process of a test's own, on real Kafka and registry."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from schemas.api_keys import digest_of
from schemas.avro_schemas import schema
from schemas.topics import Namespace, Topic
from tests.services import free_port
from tests.stack import Stack
from tests.topic import read_topic
from wire.codec import Decoder

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
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=60)

    def figure(self, line: str) -> float:
        """The value of one line of /metrics; 0 where it is not there."""
        for text in self.client.get("/metrics").text.splitlines():
            name, _, value = text.rpartition(" ")
            if name == line:
                return float(value)
        return 0.0

    def send(self, body: dict[str, Any]) -> httpx.Response:
        return self.client.post("/api/analytics", json=body)

    def readiness(self) -> httpx.Response | None:
        try:
            return self.client.get("/readyz")
        except httpx.TransportError:
            return None

    def await_status(self, status: int, seconds: float = 120) -> httpx.Response:
        deadline = time.monotonic() + seconds
        answer = None
        while time.monotonic() < deadline:
            answer = self.readiness()
            if answer is not None and answer.status_code == status:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"not {status} after {seconds} s, but {answer and answer.text}")


@contextmanager
def running(
    bootstrap: str,
    registry_url: str,
    namespace: str,
    spool: Path | None = None,
    more: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Gateway]:
    """A gateway until the end of the block, which kills it if it still runs."""
    port = port or free_port()
    environment = os.environ | {
        "SILLAGE_KAFKA_BOOTSTRAP": bootstrap,
        "SILLAGE_REGISTRY_URL": registry_url,
        "SILLAGE_NAMESPACE": namespace,
        "SILLAGE_GATEWAY_PORT": str(port),
        "SILLAGE_ALLOWED_ORIGINS": ORIGIN,
        "SILLAGE_SECRET_KEYS": digest_of("sk_1"),
        **({} if spool is None else {"SILLAGE_SPOOL_DIR": str(spool)}),
        **(more or {}),
    }
    process = subprocess.Popen([sys.executable, "-m", "ingest_gateway"], env=environment)
    gateway = Gateway(process, port)
    try:
        yield gateway
    finally:
        gateway.client.close()
        process.kill()
        process.wait()


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
