"""The agents, made of their pure logic and the wire: what each decodes, encodes and forwards."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from schemas.interaction import check_interaction
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
from stream_processors.engine.forwarded import Forwarded
from stream_processors.perfumes.activity import activities
from stream_processors.perfumes.agent import Encoders, PerfumeAgent
from stream_processors.sessions.agent import SessionAgent
from wire.codec import Decoder, Encode, Encoder
from wire.partitions import check_home, home_partition
from wire.registry import Registry

WRITTEN: Final = (PERFUME_ACTIVITY, SESSIONS, PERFUME_STATS, AFFINITIES, RECOMMENDATION_FEEDBACK)
"""What the agents write that has a schema."""


def encoder(topic: Topic, registry: Registry, namespace: Namespace) -> Encode:
    """To the wire bytes of a topic's values. Raises RegistryUnavailable where our schema cannot be found."""
    return Encoder(topic.value or "", registry.id_of(topic, namespace)).encode


def session_agent(registry: Registry, namespace: Namespace, generation: int = 0) -> SessionAgent:
    """The session agent. Raises RegistryUnavailable."""
    encode_activity = encoder(PERFUME_ACTIVITY, registry, namespace)

    def forwards(interaction: Mapping[str, Any]) -> Sequence[Forwarded]:
        return [
            _activity(perfume, encode_activity(activity)) for perfume, activity in activities(interaction)
        ]

    read = Decoder("interaction", registry).decode

    def decode(data: bytes | None) -> Mapping[str, Any]:
        interaction = read(data)
        check_interaction(interaction)
        return interaction

    return SessionAgent(
        decode=decode,
        encode_session=encoder(SESSIONS, registry, namespace),
        check_home=partial(check_home, INTERACTIONS),
        forwards=forwards,
        generation=generation,
    )


def perfume_agent(
    registry: Registry, namespace: Namespace, now_ms: Callable[[], int], generation: int = 0
) -> PerfumeAgent:
    """The perfume agent; `now_ms` is the wall clock, epoch ms. Raises RegistryUnavailable."""
    return PerfumeAgent(
        decode=Decoder("perfume_activity", registry).decode,
        encode=Encoders(
            stats=encoder(PERFUME_STATS, registry, namespace),
            affinity=encoder(AFFINITIES, registry, namespace),
            feedback=encoder(RECOMMENDATION_FEEDBACK, registry, namespace),
        ),
        check_home=partial(check_home, PERFUME_ACTIVITY),
        now_ms=now_ms,
        generation=generation,
    )


def _activity(perfume_id: str, value: bytes) -> Forwarded:
    return Forwarded(
        PERFUME_ACTIVITY, home_partition(PERFUME_ACTIVITY, perfume_id), perfume_id.encode(), value
    )
