"""A partition with the real session agent, and plain values where Kafka's clients would be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgpack

from schemas.avro_decoders import DECODERS
from schemas.avro_encoders import ENCODERS
from schemas.topics import Namespace
from stream_processors.engine.batch import Batch, TopicPartition
from stream_processors.engine.partition import FailureWatch, Flush, OwnedPartition, Start
from stream_processors.engine.table import Table
from stream_processors.sessions.agent import SessionAgent
from wire.errors import Undecodable

SOURCE = TopicPartition("t.interactions", 0)


@dataclass(frozen=True)
class FakeRecord:
    """A fetched record."""

    offset: int
    value: bytes | None
    key: bytes | None = b"s-1"
    timestamp: int = 10**15


def encode(value: Mapping[str, Any]) -> bytes:
    packed: bytes = msgpack.packb(dict(value))
    return packed


def decode(data: bytes | None) -> Mapping[str, Any]:
    """As the wire's decoder: bytes it cannot read are Undecodable."""
    try:
        value: Mapping[str, Any] = msgpack.unpackb(data or b"")
    except Exception as error:
        raise Undecodable(str(error)) from error
    if not isinstance(value, dict):
        raise Undecodable("not a record")
    return value


def owned_partition(
    committed: dict[str, bytes] | None = None,
    position: int = 0,
    check_home: Callable[[str, int], None] = lambda _session, _partition: None,
) -> OwnedPartition:
    """A partition of the session agent, as a takeover would set it up."""
    agent = SessionAgent(decode, ENCODERS["session"], check_home, forwards=lambda _interaction: ())
    tables = [Table(spec, committed or {}) for spec in agent.tables]
    return OwnedPartition(
        agent, SOURCE, Start(position), tables, Namespace("t.").topic, encode, FailureWatch()
    )


def batch(start: int, end: int, *records: FakeRecord) -> Batch:
    return Batch(SOURCE, start, end, records)


def written(flush: Flush, topic: str) -> list[tuple[bytes | None, Mapping[str, Any]]]:
    """Key and value of what the flush writes to a topic."""
    read = published_session if topic == "t.sessions" else msgpack.unpackb
    return [(key, read(value)) for key, value in flush.records.get((topic, 0), [])]


def published_session(value: bytes | None) -> Mapping[str, Any]:
    return DECODERS["session"](value or b"", 0)
