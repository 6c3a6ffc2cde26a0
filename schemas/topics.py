"""The one declaration of every topic: key, value, partitions, clean-up, who writes and who reads.

`sillage topics apply` creates what stands here and nothing else does: Kafka's auto-creation is off.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY_MS: Final = 24 * 3_600_000
RETENTION_MS: Final = 30 * DAY_MS
LARGEST_ROW_BYTES: Final = 8 * 1024 * 1024
"""A session of 10,000 events that each show another perfume is the largest row there can be: some 2 MB."""


class Cleanup(StrEnum):
    """Kafka's cleanup.policy."""

    DELETE = "delete"
    COMPACT = "compact"
    COMPACT_DELETE = "compact,delete"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `value` names its Avro schema in `schemas/avro/`; None: engine state, private."""

    name: str
    key: str
    value: str | None
    cleanup: Cleanup
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    partitions: int = 8
    retention_ms: int | None = None
    append_time: bool = False
    """Whether Kafka stamps records with its own clock: agents judge by that how late an event is."""

    def config(self) -> dict[str, str]:
        """Kafka topic configuration, without what depends on the cluster's size."""
        config = {"cleanup.policy": self.cleanup.value, "compression.type": "producer"}
        if self.retention_ms is not None:
            config["retention.ms"] = str(self.retention_ms)
        if self.append_time:
            config["message.timestamp.type"] = "LogAppendTime"
        if self.cleanup is not Cleanup.DELETE:
            config["min.cleanable.dirty.ratio"] = "0.1"
            config["delete.retention.ms"] = str(DAY_MS)
            config["max.message.bytes"] = str(LARGEST_ROW_BYTES)
        return config


INTERACTIONS: Final = Topic(
    "interactions",
    key="session_id",
    value="interaction",
    cleanup=Cleanup.DELETE,
    retention_ms=RETENTION_MS,
    append_time=True,
    producers=("gateway",),
    consumers=("session agent", "sink"),
)
DEAD_LETTER: Final = Topic(
    "dead-letter",
    key="the source's key, if any",
    value="dead_letter",
    cleanup=Cleanup.DELETE,
    retention_ms=RETENTION_MS,
    producers=("gateway", "session agent", "perfume agent", "sink"),
    consumers=("operators",),
)
SESSIONS: Final = Topic(
    "sessions",
    key="session_id",
    value="session",
    cleanup=Cleanup.COMPACT_DELETE,
    retention_ms=RETENTION_MS,
    producers=("session agent",),
    consumers=("sink", "recommenders"),
)
SESSION_CHANGELOG: Final = Topic(
    "session-agent-changelog",
    key="session_id",
    value=None,
    cleanup=Cleanup.COMPACT_DELETE,
    retention_ms=RETENTION_MS,
    producers=("session agent",),
    consumers=("session agent",),
)

PERFUME_ACTIVITY: Final = Topic(
    "perfume-activity",
    key="perfume_id",
    value="perfume_activity",
    cleanup=Cleanup.DELETE,
    retention_ms=RETENTION_MS,
    producers=("session agent",),
    consumers=("perfume agent",),
)
PERFUME_STATS: Final = Topic(
    "perfume-stats",
    key="perfume_id",
    value="perfume_stats",
    cleanup=Cleanup.COMPACT,
    producers=("perfume agent",),
    consumers=(
        "sink",
        "recommenders",
    ),
)
AFFINITIES: Final = Topic(
    "affinities",
    key="JSON [perfume_id, viewer], in the partition of perfume_id",
    value="affinity",
    cleanup=Cleanup.COMPACT,
    producers=("perfume agent",),
    consumers=(
        "sink",
        "recommenders",
    ),
)
RECOMMENDATION_FEEDBACK: Final = Topic(
    "recommendation-feedback",
    key="JSON [recommendation_id, viewer, perfume_id], in that of perfume_id",
    value="recommendation_feedback",
    cleanup=Cleanup.COMPACT,
    producers=("perfume agent",),
    consumers=(
        "sink",
        "recommenders",
    ),
)
PERFUME_CHANGELOG: Final = Topic(
    "perfume-agent-perfumes-changelog",
    key="perfume_id",
    value=None,
    cleanup=Cleanup.COMPACT,
    producers=("perfume agent",),
    consumers=("perfume agent",),
)
AFFINITY_CHANGELOG: Final = Topic(
    "perfume-agent-affinities-changelog",
    key="as in affinities",
    value=None,
    cleanup=Cleanup.COMPACT,
    producers=("perfume agent",),
    consumers=("perfume agent",),
)
FEEDBACK_CHANGELOG: Final = Topic(
    "perfume-agent-feedback-changelog",
    key="as in recommendation-feedback",
    value=None,
    cleanup=Cleanup.COMPACT,
    producers=("perfume agent",),
    consumers=("perfume agent",),
)

TOPICS: Final = (
    INTERACTIONS,
    DEAD_LETTER,
    SESSIONS,
    SESSION_CHANGELOG,
    PERFUME_ACTIVITY,
    PERFUME_STATS,
    AFFINITIES,
    RECOMMENDATION_FEEDBACK,
    PERFUME_CHANGELOG,
    AFFINITY_CHANGELOG,
    FEEDBACK_CHANGELOG,
)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A prefix before every topic, subject and group name: several pipelines, or tests, on one cluster."""

    prefix: str = ""

    def topic(self, topic: Topic) -> str:
        """The topic's name on the cluster."""
        return self.prefix + topic.name

    def subject(self, topic: Topic) -> str:
        """The registry subject of the topic's values (Confluent's TopicNameStrategy)."""
        return f"{self.topic(topic)}-value"

    def group(self, name: str) -> str:
        """A consumer group's or transactional application's id."""
        return self.prefix + name
