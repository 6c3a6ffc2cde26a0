"""What an agent gives to the engine: its tables, and what one record does to them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from schemas.reasons import Stage
from schemas.topics import Topic
from stream_processors.engine.forwarded import Forwarded
from stream_processors.engine.table import Table
from stream_processors.engine.table_spec import TableSpec


class PartitionView(Protocol):
    """The source partition as a job sees it."""

    @property
    def number(self) -> int: ...

    @property
    def tables(self) -> Sequence[Table[Any]]: ...

    @property
    def watermark(self) -> int:
        """The latest moment (epoch ms) of the source's own time."""
        ...

    def advance(self, moment: int) -> int:
        """Note a moment (epoch ms) of the source's own time; returns the latest one noted so far."""
        ...

    def forward(self, record: Forwarded) -> None:
        """Write this record in the open flush's transaction."""
        ...


class Job(Protocol):
    """One agent. `application` is its consumer group and the stem of its transactional ids."""

    @property
    def application(self) -> str: ...

    @property
    def stage(self) -> Stage: ...

    @property
    def source(self) -> Topic: ...

    @property
    def tables(self) -> Sequence[TableSpec[Any]]: ...

    def decode(self, data: bytes | None) -> Mapping[str, Any]:
        """The value in a record's bytes. Raises wire.errors.Undecodable or InvalidRecord: it is bad."""
        ...

    def apply(self, partition: PartitionView, value: Mapping[str, Any], appended_at: int) -> str:
        """Apply one value, which Kafka has had since `appended_at` (epoch ms); returns its outcome, a word.

        Raises Refused or InvalidRecord where the value must be dead-lettered. Any other exception is a bug:
        the record is dead-lettered as `processor_error`. A table must not have been changed by then.
        """
        ...

    def tick(self, partition: PartitionView, now: int) -> None:
        """Do what is due at `now` (epoch ms); called often, so a little at a time.

        `now` is the partition's watermark or, where nothing comes any more, later: nothing may follow from it
        that changes what becomes of a later event.
        """
        ...
