"""What the sink passes along: a record of Kafka, the row it becomes, or why it becomes none."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.reasons import Reason


class Partition(NamedTuple):
    """One partition of one topic, by the topic's name on the cluster."""

    topic: str
    number: int


class Record(NamedTuple):
    """A record as Kafka gave it. `value` is None for a tombstone."""

    source: Partition
    offset: int
    key: bytes | None
    value: bytes | None


class End(NamedTuple):
    """Everything before `offset` was delivered, and there is nothing more for now.

    It may lie beyond the last record: markers of transactions take up offsets too.
    """

    source: Partition
    offset: int


Row = tuple[Any, ...]
"""Values in the order of a table's columns, as COPY takes them: times are epoch ms, JSON is text."""


class Staged(NamedTuple):
    """A row on its way into `table`, with the record it came from."""

    table: str
    identity: Hashable
    row: Row
    record: Record


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that cannot be stored."""

    record: Record
    reason: Reason
    message: str
    session_id: str | None = None
    event_id: str | None = None
