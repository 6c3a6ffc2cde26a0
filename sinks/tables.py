"""The tables the sink fills: from which topic, by which key, and which of two rows with one key stays.

A new public topic is one entry here, its model and its migration in `storage`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from schemas import topics
from sinks import columns
from sinks.columns import Columns
from sinks.event_rows import EVENT_COLUMNS, event_row
from sinks.public_rows import ReadRow, public_row


class Keep(Enum):
    """Which row stays where two have the same key."""

    FIRST = "first"
    """Events: the first in the log counts, a retry of it does not."""

    NEWEST = "newest"
    """Published figures: the highest (generation, revision)."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table, and how a decoded value of its topic becomes a row of it."""

    name: str
    topic: topics.Topic
    columns: Columns
    key: tuple[str, ...]
    keep: Keep
    row: ReadRow

    def places(self, *names: str) -> tuple[int, ...]:
        """Where in a row these columns stand."""
        order = list(self.columns)
        return tuple(order.index(name) for name in names)


def _public(name: str, topic: topics.Topic, key: tuple[str, ...]) -> Table:
    """The table of a public topic: its columns are the fields of the topic's schema."""
    fields = columns.of_schema(str(topic.value))
    return Table(name, topic, fields, key, Keep.NEWEST, public_row(fields))


RAW_EVENTS: Final = Table(
    "interaction_events",
    topics.INTERACTIONS,
    EVENT_COLUMNS,
    ("session_id", "event_id"),
    Keep.FIRST,
    event_row,
)
USER_SESSIONS: Final = _public("user_sessions", topics.SESSIONS, ("session_id",))
PERFUME_STATS: Final = _public("perfume_interaction_stats", topics.PERFUME_STATS, ("perfume_id",))
AFFINITIES: Final = _public("viewer_perfume_state", topics.AFFINITIES, ("perfume_id", "viewer"))
FEEDBACK: Final = _public(
    "recommendation_feedback",
    topics.RECOMMENDATION_FEEDBACK,
    ("recommendation_id", "viewer", "perfume_id"),
)

TABLES: Final = (RAW_EVENTS, USER_SESSIONS, PERFUME_STATS, AFFINITIES, FEEDBACK)
