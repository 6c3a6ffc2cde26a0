"""Made-up Interactions put straight into Kafka, as the gateway would write them."""

import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any
from uuid import UUID

from confluent_kafka import Producer

from schemas.catalogue import CATALOGUE
from schemas.topics import INTERACTIONS, Namespace
from wire.clients import Cluster, producer_settings
from wire.codec import Encoder
from wire.registry import Registry

HOUR_MS = 3_600_000
TYPES = tuple(CATALOGUE.values())


def interactions(seed: int, count: int, sessions: int) -> Iterator[dict[str, Any]]:
    """`count` Interactions of these many sessions, one in twenty of a bot, in no order of time."""
    random = Random(seed)
    now = time.time_ns() // 1_000_000
    for receipt in range(count):
        row = random.choice(TYPES)
        session = f"s{seed}-{random.randrange(sessions)}"
        yield {
            "event_id": str(UUID(int=random.getrandbits(128), version=4)),
            "event_type": row.name,
            "event_category": row.category.value,
            "occurred_at": now - random.randrange(HOUR_MS),
            "time_source": "client",
            "path": f"/perfume/{random.randrange(20)}",
            "perfume_id": f"perfume-{random.randrange(200)}" if "perfumeId" in row.requires else None,
            "house_id": "house-1" if "houseId" in row.requires else None,
            "note_id": None,
            "event_data": None,
            "duration": None,
            "value": None,
            "client_time": None,
            "referrer": random.choice([None, "https://example.org/"]),
            "seq": None,
            "device_type": random.choice(["desktop", "mobile"]),
            "truncated": [],
            "receipt": receipt,
            "session_id": session,
            "user_id": random.choice([None, None, f"user-{seed}"]),
            "visitor_id": f"visitor-of-{session}",
            "tab_id": None,
            "sent_at": None,
            "received_at": now,
            "browser": "Firefox",
            "os": "Linux",
            "user_agent": None,
            "is_bot": random.random() < 0.05,
            "bot_suspect": False,
            "source": "browser",
            "sdk": None,
            "context": None,
            "consent": None,
            "gateway_boot": "test",
        }


class InteractionTopic:
    """Writes to the `interactions` topic of a namespace; remembers nothing."""

    def __init__(self, bootstrap: str, registry_url: str, namespace: str) -> None:
        self._space = Namespace(namespace)
        self.name = self._space.topic(INTERACTIONS)
        with Registry(registry_url) as registry:
            self._encoder = Encoder("interaction", registry.id_of(INTERACTIONS, self._space))
        self._producer = Producer(producer_settings(Cluster(bootstrap), "test-interactions"))

    def put(self, events: Iterable[dict[str, Any]], retries: int = 1) -> None:
        """Write each event, `retries` times, keyed by its session; returns when Kafka has them all."""
        for event in events:
            for _ in range(retries):
                self.put_bytes(event["session_id"].encode(), self._encoder.encode(event))
            self._producer.poll(0)
        left = self._producer.flush(30)
        assert left == 0, f"{left} records did not reach Kafka"

    def put_bytes(self, key: bytes | None, value: bytes | None, partition: int = -1) -> None:
        """Queue any bytes at all; `put([])` waits for them."""
        self._producer.produce(self.name, key=key, value=value, partition=partition)
