"""Made-up Interactions put straight into Kafka, as the gateway would write them."""

import json
import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, Final
from uuid import UUID

from confluent_kafka import KafkaError, Message, Producer

from schemas.catalogue import CATALOGUE
from schemas.topics import INTERACTIONS, Namespace
from wire.clients import ERRORS_ONLY, Cluster, producer_settings
from wire.codec import Encoder
from wire.registry import Registry

HOUR_MS = 3_600_000
TYPES = tuple(CATALOGUE.values())


Fields = dict[str, Any]

UNUSED: Final = dict.fromkeys(
    ("note_id", "client_time", "seq", "tab_id", "sent_at", "user_agent", "sdk", "context", "consent")
)


def interactions(seed: int, count: int, sessions: int, now_ms: int | None = None) -> Iterator[Fields]:
    """`count` Interactions of these many sessions, one in twenty of a bot, in no order of time.

    `now_ms` (epoch ms): when they come in; by default now. Seed and moment decide everything.
    """
    random = Random(seed)
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    for receipt in range(count):
        session = f"s{seed}-{random.randrange(sessions)}"
        yield {
            **UNUSED,
            "event_id": str(UUID(int=random.getrandbits(128), version=4)),
            "occurred_at": now - random.randrange(HOUR_MS),
            "time_source": "client",
            "path": f"/perfume/{random.randrange(20)}",
            "referrer": random.choice([None, "https://example.org/"]),
            "device_type": random.choice(["desktop", "mobile"]),
            "truncated": [],
            "receipt": receipt,
            "session_id": session,
            "user_id": random.choice([None, None, f"user-{random.randrange(sessions)}"]),
            "visitor_id": f"visitor-of-{session}",
            "received_at": now,
            "browser": "Firefox",
            "os": "Linux",
            "is_bot": random.random() < 0.05,
            "bot_suspect": False,
            "source": "browser",
            "gateway_boot": "test",
            **_of_a_type(random),
        }


def _of_a_type(random: Random) -> Fields:
    """What depends on the type of event."""
    row = random.choice(TYPES)
    data = _data(random, row.name)
    return {
        "event_type": row.name,
        "event_category": row.category.value,
        "perfume_id": _perfume(random) if "perfumeId" in row.requires or row.name == "VIEW_ENDED" else None,
        "house_id": "house-1" if "houseId" in row.requires else None,
        "event_data": None if data is None else json.dumps(data),
        "duration": random.randrange(60_000) if row.name in ("PERFUME_VIEW", "VIEW_ENDED") else None,
        "value": float(random.randint(1, 5)) if row.name.startswith("RATING_") else None,
    }


def _data(random: Random, event_type: str) -> Fields | None:
    match event_type:
        case "SEARCH_PERFORMED":
            return {"query": "iris", "resultsCount": 3, "shown": [f"perfume-{at}" for at in range(3)]}
        case "VIEW_ENDED":
            return {"viewEventId": "v", "viewType": "PERFUME_VIEW", "segment": random.randint(1, 2)}
        case "PERFUME_VIEW" | "WISHLIST_ADD" | "COLLECTION_ADD" | "RATING_COMPLETED":
            return {"recommendationId": "r1"} if random.random() < 0.2 else None
    if event_type.startswith("RECOMMENDATION_"):
        return {"recommendationId": f"r{random.randrange(3)}", "source": "homepage", "position": 1}
    return None


def _perfume(random: Random) -> str:
    return f"perfume-{min(300, int(random.paretovariate(0.7)))}"


class InteractionTopic:
    """Writes to the `interactions` topic of a namespace; remembers nothing."""

    def __init__(self, bootstrap: str, registry_url: str, namespace: str) -> None:
        self._space = Namespace(namespace)
        self.name = self._space.topic(INTERACTIONS)
        schema_id = Registry(registry_url).id_of(INTERACTIONS, self._space)
        self._encoder = Encoder("interaction", schema_id)
        settings = producer_settings(Cluster(bootstrap), "test-interactions")
        # Kafka away is part of some tests: nothing about it on the terminal, and patience.
        self._producer = Producer({**settings, "log_level": ERRORS_ONLY, "message.timeout.ms": 600_000})
        self._failed: list[KafkaError] = []

    def put(self, events: Iterable[dict[str, Any]], retries: int = 1) -> None:
        """Write each event, `retries` times, keyed by its session; returns when Kafka has them all."""
        for event in events:
            self.put_event(event, retries)
            self.poll()
        self.flush(300.0)

    def put_event(self, event: Fields, times: int = 1) -> None:
        """Queue an event; `flush` waits for it."""
        for _ in range(times):
            self.put_bytes(event["session_id"].encode(), self._encoder.encode(event))

    def poll(self) -> None:
        """Let the client work."""
        self._producer.poll(0)

    def flush(self, seconds: float) -> None:
        """Wait until Kafka has everything that was queued."""
        left = self._producer.flush(seconds)
        assert left == 0, f"{left} records did not reach Kafka"
        assert not self._failed, f"{len(self._failed)} records did not reach Kafka: {self._failed[0]}"

    def put_bytes(self, key: bytes | None, value: bytes | None, partition: int = -1) -> None:
        """Queue any bytes at all, waiting while the queue is full; `flush` waits for them."""
        while True:
            try:
                self._producer.produce(
                    self.name, key=key, value=value, partition=partition, on_delivery=self._delivered
                )
                return
            except BufferError:
                self._producer.poll(0.1)

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error)
