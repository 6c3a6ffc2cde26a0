"""A batch: records of one source partition, labelled with the offset range they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class TopicPartition(NamedTuple):
    """Equal to, and interchangeable with, Faust's and aiokafka's own."""

    topic: str
    partition: int


class Record(Protocol):
    """The part of a fetched Kafka record that the engine uses (aiokafka's unpacked records have it)."""

    @property
    def offset(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def timestamp(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """All that the source holds from offset `start` up to, not including, `end`.

    The range also covers offsets that hold no record: transaction markers, aborted records, compacted ones.
    """

    source: TopicPartition
    start: int
    end: int
    records: Sequence[Record]


class Source(Protocol):
    """The consumer as the engine sees it."""

    async def seek_wait(self, partitions: Mapping[Any, int]) -> None: ...

    def fetched_to(self) -> Mapping[TopicPartition, int]: ...
