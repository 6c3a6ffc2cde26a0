"""From a record to a row or a rejection: decode by the topic's schema, then shape by its table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from schemas.reasons import Reason
from schemas.storable import InvalidRecord
from schemas.topics import Cleanup
from sinks.record import Record, Rejection, Staged
from sinks.tables import Table
from wire.errors import Undecodable

Decode = Callable[[bytes | None], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Feed:
    """A topic's decoder and the table its values go to."""

    table: Table
    decode: Decode


class Intake:
    """Reads records of the topics it was given feeds for."""

    def __init__(self, feeds: Mapping[str, Feed]) -> None:
        """`feeds` by the topics' names on the cluster."""
        self._feeds = feeds
        self._identities = {
            topic: itemgetter(*feed.table.places(*feed.table.key)) for topic, feed in feeds.items()
        }

    @property
    def topics(self) -> list[str]:
        """Names on the cluster, to subscribe to."""
        return sorted(self._feeds)

    def read(self, record: Record) -> Staged | Rejection | None:
        """None for a tombstone of a compacted topic: a row that left the topic stays in the table.

        Raises RegistryUnavailable when nobody can tell now what the record is.
        """
        feed = self._feeds[record.source.topic]
        if record.value is None and feed.table.topic.cleanup is not Cleanup.DELETE:
            return None
        try:
            value = feed.decode(record.value)
        except Undecodable as error:
            return Rejection(record, error.reason, str(error))
        try:
            row = feed.table.row(value, record.source.number, record.offset)
        except InvalidRecord as error:
            reason = Reason.INVALID_RECORD
            return Rejection(record, reason, str(error), value.get("session_id"), value.get("event_id"))
        return Staged(feed.table.name, self._identities[record.source.topic](row), row, record)
