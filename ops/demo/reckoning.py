"""Do the counts agree? What was answered 200 against what PostgreSQL and the live tables hold."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
import psycopg

from ops.demo.sender import Tally
from ops.demo.trending import Trending, trending

SETTLE_S = 120.0
LOOK_AGAIN_S = 0.3
STAYS_S = 1.5
SAMPLE = 25

RAW = """
    SELECT count(*), count(DISTINCT (session_id, event_id)), count(*) FILTER (WHERE NOT is_bot)
    FROM interaction_events WHERE session_id LIKE %s
"""
SESSIONS = "SELECT count(*), coalesce(sum(events), 0) FROM user_sessions WHERE session_id LIKE %s"
SAMPLED = (
    "SELECT session_id, events FROM user_sessions WHERE session_id LIKE %s ORDER BY md5(session_id) LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The counts of one run, in events unless said otherwise."""

    sent: int
    accepted: int
    rejected: int
    invalid: int
    refused_requests: int
    raw_rows: int
    distinct_raw_rows: int
    human_rows: int
    events_in_sessions: int
    sessions: int
    live_sampled: int
    live_agreeing: int
    trending: Trending = field(default_factory=Trending)

    @property
    def agrees(self) -> bool:
        """Whether everything that was sent is where it belongs, once.

        Each event was accepted, or rejected because it was made invalid; each accepted one is stored once,
        and each human one counted once in its session. What trends is what all stored events make trend.
        """
        return (
            0 < self.accepted == self.sent - self.rejected
            and self.rejected == self.invalid
            and self.refused_requests == 0
            and self.accepted == self.raw_rows == self.distinct_raw_rows
            and self.human_rows == self.events_in_sessions
            and self.live_sampled == self.live_agreeing
            and self.trending.agrees
        )

    def as_object(self) -> dict[str, Any]:
        return asdict(self) | {"trending_agrees": self.trending.agrees, "agrees": self.agrees}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look: PostgreSQL (a DSN) and the live reads (base URL, secret key)."""

    database: str
    live: str
    secret_key: str


def reckon(
    sources: Sources, run: str, tally: Tally, clock: Callable[[], float] = time.monotonic
) -> Reckoning:
    """Count until the counts agree, for two minutes at most: events take a moment to arrive everywhere.

    And once more after that: a second copy of an event may arrive later than the first.
    """
    deadline = clock() + SETTLE_S
    with psycopg.connect(sources.database, autocommit=True) as database, _client(sources) as live:
        while True:
            found = _count(live, database, run, tally)
            if found.agrees:
                time.sleep(STAYS_S)
                return _count(live, database, run, tally)
            if clock() > deadline:
                return found
            time.sleep(LOOK_AGAIN_S)


def _count(live: httpx.Client, database: psycopg.Connection, run: str, tally: Tally) -> Reckoning:
    mine = f"{run}-%"
    raw = _row(database, RAW, (mine,))
    sessions = _row(database, SESSIONS, (mine,))
    sampled: dict[str, int] = dict(database.execute(SAMPLED, (mine, SAMPLE)).fetchall())
    return Reckoning(
        sent=tally.sent,
        accepted=tally.accepted,
        rejected=tally.rejected,
        invalid=tally.invalid,
        refused_requests=tally.refused.total(),
        raw_rows=raw[0],
        distinct_raw_rows=raw[1],
        human_rows=raw[2],
        events_in_sessions=int(sessions[1]),
        sessions=sessions[0],
        live_sampled=len(sampled),
        live_agreeing=_agreeing(live, sampled),
        trending=trending(live, database),
    )


def _row(database: psycopg.Connection, query: str, parameters: Iterable[Any]) -> tuple[Any, ...]:
    row = database.execute(query, tuple(parameters)).fetchone()
    if row is None:
        raise LookupError("a count gave no row")
    return tuple(row)


def _client(sources: Sources) -> httpx.Client:
    headers = {"Authorization": f"Bearer {sources.secret_key}"}
    return httpx.Client(base_url=sources.live, headers=headers, timeout=5.0)


def _agreeing(live: httpx.Client, stored: Mapping[str, int]) -> int:
    """How many of these sessions the live table tells with the same number of events."""
    return sum(_live_events(live, session_id) == events for session_id, events in stored.items())


def _live_events(client: httpx.Client, session_id: str) -> int | None:
    try:
        answer = client.get(f"/live/sessions/{session_id}")
    except httpx.TransportError:
        return None  # a worker that is just being restarted
    return answer.json()["events"] if answer.status_code == httpx.codes.OK else None
