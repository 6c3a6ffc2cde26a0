"""The tables the sink fills: from which topic, by which key, and which of two rows with one key stays.

A new table is one entry here, its row function in `rows`, its model and its migration in `storage`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from schemas.topics import INTERACTIONS, SESSIONS, Topic
from sinks.record import Row
from sinks.rows import EVENT_COLUMNS, SESSION_COLUMNS, event_row, session_row


class Keep(Enum):
    """Which row stays where two have the same key."""

    FIRST = "first"
    """Events: the first in the log counts, a retry of it does not."""

    NEWEST = "newest"
    """Published figures: the highest (generation, revision)."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `columns` maps names to PostgreSQL types, in the order of `row`'s values."""

    name: str
    topic: Topic
    columns: Mapping[str, str]
    key: tuple[str, ...]
    keep: Keep
    row: Callable[[Mapping[str, Any], int, int], Row]

    def places(self, *names: str) -> tuple[int, ...]:
        """Where in a row these columns stand."""
        order = list(self.columns)
        return tuple(order.index(name) for name in names)


RAW_EVENTS: Final = Table(
    "interaction_events", INTERACTIONS, EVENT_COLUMNS, ("session_id", "event_id"), Keep.FIRST, event_row
)
USER_SESSIONS: Final = Table(
    "user_sessions", SESSIONS, SESSION_COLUMNS, ("session_id",), Keep.NEWEST, session_row
)

TABLES: Final = (RAW_EVENTS, USER_SESSIONS)
