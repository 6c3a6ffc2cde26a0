"""A changelog is loaded to its committed end, whatever the broker that answers believes the end to be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.restore import SILENCE_S, Reader
from wire.clients import Cluster

CHANGELOG = "changelog"


@dataclass
class Message:
    """What a consumer hands over: a record, or the news that it is at the end."""

    at: int
    row: tuple[bytes, bytes | None] | None = None
    fault: int = KafkaError._PARTITION_EOF

    def error(self) -> KafkaError | None:
        return None if self.row is not None else KafkaError(self.fault)

    def topic(self) -> str:
        return CHANGELOG

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes | None:
        return self.row and self.row[0]

    def value(self) -> bytes | None:
        return self.row and self.row[1]


@dataclass
class Answer:
    """One partition's end, or why the broker cannot tell."""

    offset: int
    error: KafkaError | None = None
    topic: str = CHANGELOG
    partition: int = 0


@dataclass
class FakeConsumer:
    """Kafka's side: what it says of the end, and what each poll gives."""

    answers: list[Answer]
    polls: list[list[Message]]
    assigned: list[KafkaPartition] = field(default_factory=list)

    def list_topics(self, timeout: float) -> None: ...

    def close(self) -> None: ...

    def unassign(self) -> None: ...

    def assign(self, partitions: Sequence[KafkaPartition]) -> None:
        assert not self.answers, "the end must be known before the first record is read"
        self.assigned = list(partitions)

    def offsets_for_times(self, _asked: object, timeout: float) -> list[Answer]:
        return [self.answers.pop(0)]

    def consume(self, _most: int, timeout: float) -> Iterable[Message]:
        return self.polls.pop(0) if self.polls else []


def load(answers: list[Answer], polls: list[list[Message]], times: Iterable[float] = ()) -> dict[str, bytes]:
    moments = iter(times)
    consumer: Any = FakeConsumer(answers, polls)
    reader = Reader(Cluster("nowhere"), "group", lambda _settings: consumer, lambda: next(moments, 0.0))
    with reader:
        return reader.load([CHANGELOG], [0])[TopicPartition(CHANGELOG, 0)]


def test_an_end_that_a_new_leader_reports_too_early_is_not_believed() -> None:
    """Its high watermark lags: the first EOF hides a flush whose offset is committed."""
    polls = [
        [Message(0, (b"a", b"1")), Message(1)],
        [Message(1, (b"a", b"2")), Message(2, (b"b", b"1")), Message(4)],
    ]
    assert load([Answer(4)], polls) == {"a": b"2", "b": b"1"}


def test_a_leader_that_cannot_tell_the_end_yet_is_asked_again() -> None:
    refused = Answer(-1, KafkaError(KafkaError.OFFSET_NOT_AVAILABLE, "", False, True))
    assert load([refused, Answer(1)], [[Message(0, (b"a", b"1")), Message(1)]]) == {"a": b"1"}


def test_a_refusal_to_tell_the_end_ends_the_takeover() -> None:
    with pytest.raises(KafkaException):
        load([Answer(-1, KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))], [])


def test_an_end_that_is_never_reached_ends_the_takeover() -> None:
    with pytest.raises(TimeoutError, match="changelog"):
        load([Answer(4)], [[Message(1)]], times=[0.0, 0.0, 0.0, SILENCE_S + 1])


def test_any_other_error_ends_the_takeover() -> None:
    with pytest.raises(KafkaException):
        load([Answer(1)], [[Message(0, fault=KafkaError._MAX_POLL_EXCEEDED)]])
