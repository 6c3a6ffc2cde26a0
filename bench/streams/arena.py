"""One run's topics: filled before, read afterwards, deleted at last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.streams.contestants import Contestant
from bench.streams.load import Load, interactions
from ops.provision import apply_schemas, apply_topics
from schemas.topics import INTERACTIONS, PERFUME_ACTIVITY, PERFUME_STATS, SESSIONS, Namespace, Topic
from stream_processors.perfumes.activity import activities
from tests.oracle.sessions import expected_sessions
from tests.topic import read_topic
from wire.clients import ERRORS_ONLY, Cluster, producer_settings
from wire.codec import Decoder, Encoder
from wire.registry import Registry

ADMIN_S = 30.0
FILL_S = 120.0
VIEW = "PERFUME_VIEW"


@dataclass(frozen=True, slots=True)
class Filling:
    """Events ready to be written, and what a program must make of them."""

    load: Load
    records: Sequence[tuple[bytes, bytes]]
    sessions: Mapping[str, Mapping[str, Any]]
    activities: int
    perfume_views: int

    @classmethod
    def of(cls, load: Load, count: int, now_ms: int, schema_id: int) -> "Filling":
        """Make and encode `count` events, and work out all session rows by brute force."""
        encoder = Encoder("interaction", schema_id)
        events = list(interactions(load, count, now_ms))
        records = [(event["session_id"].encode(), encoder.encode(event)) for event in events]
        distinct = {event["event_id"]: event for event in events if not event["is_bot"]}
        types = Counter(event["event_type"] for event in distinct.values())
        forwarded = sum(len(activities(event)) for event in distinct.values())
        return cls(load, records, expected_sessions(events), forwarded, types[VIEW])


class Arena:
    """A namespace of its own for one run of one program."""

    def __init__(self, cluster: Cluster, registry_url: str, namespace: str, contestant: Contestant) -> None:
        self.space = Namespace(namespace)
        self._cluster = cluster
        self._registry_url = registry_url
        self._contestant = contestant
        self._admin = AdminClient({**cluster.base("bench"), "log_level": ERRORS_ONLY})

    def prepare(self, filling: Filling) -> Mapping[str, int]:
        """Create the topics and write the events; returns the schema ids by subject."""
        apply_topics(self._cluster, self.space)
        schema_ids = apply_schemas(self._registry_url, self.space)
        more = [
            NewTopic(self.space.group(name), INTERACTIONS.partitions, 1, config={"cleanup.policy": "compact"})
            for name in self._contestant.changelogs
        ]
        if more:
            for created in self._admin.create_topics(more, operation_timeout=ADMIN_S).values():
                created.result(ADMIN_S)
        self._fill(filling.records)
        return schema_ids

    def _fill(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        producer = Producer(
            producer_settings(self._cluster, "bench-fill")
            | {"queue.buffering.max.messages": len(records) + 1}
        )
        topic = self.space.topic(INTERACTIONS)
        for key, value in records:
            producer.produce(topic, key=key, value=value)
        left = producer.flush(FILL_S)
        if left:
            raise TimeoutError(f"{left} of {len(records)} events did not reach Kafka in {FILL_S:.0f} s")

    def differences(self, filling: Filling) -> Mapping[str, int]:
        """By what was compared, in how much the published topics differ from the brute-force result."""
        published = {row["session_id"]: row for row in self._values(SESSIONS)}
        keys = published.keys() | filling.sessions.keys()
        found = {
            "session rows": sum(published.get(key) != filling.sessions.get(key) for key in keys),
            "activity records": filling.activities - self._count(PERFUME_ACTIVITY),
        }
        if self._contestant.keeps_perfumes:
            stats = {row["perfume_id"]: row["total_views"] for row in self._values(PERFUME_STATS)}
            found["perfume views"] = filling.perfume_views - sum(stats.values())
        return found

    def _values(self, topic: Topic) -> list[dict[str, Any]]:
        decoder = Decoder(topic.value or "", Registry(self._registry_url))
        messages = read_topic(self._cluster.bootstrap, self.space.topic(topic))
        return [decoder.decode(message.value()) for message in messages]

    def _count(self, topic: Topic) -> int:
        return sum(1 for _ in read_topic(self._cluster.bootstrap, self.space.topic(topic)))

    def remove(self) -> None:
        """Delete every topic of the namespace, those that the program made for itself included."""
        names = [name for name in self._admin.list_topics(timeout=ADMIN_S).topics if self._ours(name)]
        for deleted in self._admin.delete_topics(names, operation_timeout=ADMIN_S).values():
            deleted.result(ADMIN_S)

    def _ours(self, name: str) -> bool:
        return name.startswith(self.space.prefix)
