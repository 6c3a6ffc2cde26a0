"""What becomes of each event, and which sessions are over: read off the log in its order, event by event.

By the rules in docs/streams.md (A session's life). A partition's time is the largest arrival on it so far.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Event = Mapping[str, Any]

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
QUIET, HORIZON, FORGOTTEN = 30 * MINUTE, 72 * HOUR, 30 * DAY


class Closing(NamedTuple):
    """Whether a session must be closed, by its partition's own time; whether it may be, by anybody's."""

    must: bool
    may: bool


@dataclass
class History:
    """What a log amounts to."""

    counted: list[Event] = field(default_factory=list)
    """Each once; what is late is not among them."""
    sessions: dict[str, dict[str, Event]] = field(default_factory=dict)
    """By event id: what each session's row counts, which is what came since it was last forgotten."""
    late: int = 0
    reopened: int = 0
    forgotten: int = 0
    last_arrival: dict[str, int] = field(default_factory=dict)
    time: dict[int, int] = field(default_factory=dict)
    """Of each partition."""

    def in_sessions(self) -> Iterator[Event]:
        """The events that session rows count."""
        for events in self.sessions.values():
            yield from events.values()

    def is_evicted(self, session: str, partition: int) -> bool:
        """Whether the session takes no further event."""
        return self.last_arrival[session] < self.time[partition] - HORIZON

    def closing(self, session: str, partition: int, wall_ms: int) -> Closing:
        """Whether the session must and may be closed when the clock on the wall says `wall_ms`."""
        over = self.last_arrival[session] + QUIET
        return Closing(over < self.time[partition], over < max(wall_ms, self.time[partition]))


def history(log: Iterable[Event], partition_of: Callable[[str], int]) -> History:
    """Read a log: every event as often as it was sent, in order within each partition."""
    told = History()
    for event in log:
        partition = partition_of(event["session_id"])
        now = told.time[partition] = max(told.time.get(partition, 0), event["received_at"])
        if not event["is_bot"]:
            _take(told, event, now)
    return told


def _take(told: History, event: Event, now: int) -> None:
    session = event["session_id"]
    last = told.last_arrival.get(session)
    forgotten = last is not None and now - last >= FORGOTTEN
    over = last is not None and not forgotten and last < now - HORIZON
    if over or event["occurred_at"] < now - HORIZON:
        told.late += 1
        return
    if last is None or forgotten:
        told.sessions[session] = {}
        told.forgotten += forgotten
        last = None
    if event["event_id"] in told.sessions[session]:
        return
    told.sessions[session][event["event_id"]] = event
    told.counted.append(event)
    told.reopened += last is not None and last + QUIET < now
    told.last_arrival[session] = max(last or 0, event["received_at"])
