"""The topic `interactions`, as the hot route sees it."""

from collections.abc import Sequence
from typing import Protocol

from ingest_gateway.errors import Unavailable
from ingest_gateway.intake import Interaction
from ingest_gateway.record import Record
from wire.codec import Encoder


class Publisher(Protocol):
    """Where records go to be acknowledged."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Return when every record is safe. Raises Unavailable."""
        ...


class InteractionLog:
    """Publishes interactions. Until the registry has told the schema's id, it takes nothing."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.encoder: Encoder | None = None

    async def append(self, interactions: Sequence[Interaction]) -> None:
        """Return when every interaction is acknowledged. Raises Unavailable."""
        if not interactions:
            return
        if self.encoder is None:
            raise Unavailable("still waiting for the schema registry: send the same events again")
        await self._publisher.publish(records(interactions, self.encoder.header))


def records(interactions: Sequence[Interaction], header: bytes) -> list[Record]:
    """Keys and wire bytes; `header` is what each value begins with (wire.codec.Encoder)."""
    return [Record(visitor.key, header + own + visitor.shared) for _event_id, own, visitor in interactions]
