"""Where to read from: the database's offset, held against what Kafka still has."""

from typing import NamedTuple

from sinks.errors import LoudStop
from sinks.record import Partition


class Bounds(NamedTuple):
    """The oldest offset a partition still has, and the one behind its last."""

    low: int
    high: int


def checked_start(source: Partition, stored: int, bounds: Bounds) -> int:
    """`stored` itself, where Kafka can go on from there.

    Raises LoudStop where records in between are gone, or the topic is not the one the offset belongs to:
    going on from anywhere else would lose events, or count them twice, without a trace.
    """
    where = f"{source.topic} [{source.number}]"
    if stored < bounds.low:
        raise LoudStop(
            f"{where}: PostgreSQL has stored it up to offset {stored}, but Kafka begins at {bounds.low}:"
            f" {bounds.low - stored} offsets passed the topic's retention unread. If that loss is accepted,"
            f" set sink_offsets.next_offset to {bounds.low} for this partition and start the sink again."
        )
    if stored > bounds.high:
        raise LoudStop(
            f"{where}: PostgreSQL has stored it up to offset {stored}, but Kafka ends at {bounds.high}: the"
            " topic was made anew, lost its end, or this database belongs to another cluster. Check the"
            " settings (bootstrap, namespace, database). For a topic made anew, delete its rows in"
            " sink_offsets."
        )
    return stored
