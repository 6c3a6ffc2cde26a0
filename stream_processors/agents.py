"""The agents, made of their pure logic and the wire: what each decodes, encodes and forwards."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from aiokafka.partitioner import murmur2

from schemas.interaction import what_is_wrong
from schemas.reasons import Reason
from schemas.topics import (
    AFFINITIES,
    INTERACTIONS,
    PERFUME_ACTIVITY,
    PERFUME_STATS,
    RECOMMENDATION_FEEDBACK,
    SESSIONS,
    Namespace,
    Topic,
)
from stream_processors.engine.job import Forwarded
from stream_processors.errors import Refused
from stream_processors.perfumes.activity import activities
from stream_processors.perfumes.agent import Encoders, PerfumeAgent
from stream_processors.sessions.agent import SessionAgent
from wire.codec import Decoder, Encoder
from wire.registry import Registry

Encode = Callable[[Mapping[str, Any]], bytes]

KNOWN_KEYS = 65_536


def encoder(topic: Topic, registry: Registry, namespace: Namespace) -> Encode:
    """To the wire bytes of a topic's values. Raises RegistryUnavailable where our schema cannot be found."""
    return Encoder(topic.value or "", registry.id_of(topic, namespace)).encode


def session_agent(registry: Registry, namespace: Namespace) -> SessionAgent:
    """The session agent. Raises RegistryUnavailable."""
    encode_activity = encoder(PERFUME_ACTIVITY, registry, namespace)

    def forwards(interaction: Mapping[str, Any]) -> Sequence[Forwarded]:
        return [
            Forwarded(PERFUME_ACTIVITY, perfume_home(perfume), perfume.encode(), encode_activity(activity))
            for perfume, activity in activities(interaction)
        ]

    read = Decoder("interaction", registry).decode

    def decode(data: bytes | None) -> Mapping[str, Any]:
        interaction = read(data)
        wrong = what_is_wrong(interaction)
        if wrong is not None:
            raise Refused(Reason.INVALID_RECORD, wrong)
        return interaction

    return SessionAgent(
        decode=decode,
        encode_session=encoder(SESSIONS, registry, namespace),
        home_partition=session_home,
        forwards=forwards,
    )


def perfume_agent(registry: Registry, namespace: Namespace) -> PerfumeAgent:
    """The perfume agent. Raises RegistryUnavailable."""
    return PerfumeAgent(
        decode=Decoder("perfume_activity", registry).decode,
        encode=Encoders(
            stats=encoder(PERFUME_STATS, registry, namespace),
            affinity=encoder(AFFINITIES, registry, namespace),
            feedback=encoder(RECOMMENDATION_FEEDBACK, registry, namespace),
        ),
        home_partition=perfume_home,
    )


def session_home(session_id: str) -> int:
    """The partition of `interactions` that keeps this session."""
    return _home(session_id, INTERACTIONS.partitions)


@lru_cache(KNOWN_KEYS)
def perfume_home(perfume_id: str) -> int:
    """The partition of `perfume-activity` that keeps this perfume; asked for again and again."""
    return _home(perfume_id, PERFUME_ACTIVITY.partitions)


def _home(key: str, partitions: int) -> int:
    """Kafka's default partitioner for a key: murmur2 over its UTF-8 bytes, made positive."""
    hashed: int = murmur2(key.encode())
    return (hashed & 0x7FFFFFFF) % partitions
