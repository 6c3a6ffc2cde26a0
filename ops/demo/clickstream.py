"""Visits to the site as a browser SDK would report them: batches of events in the gateway's JSON.

Pure and seeded: the same seed, run name and time give the same requests, event ids included, so that sending
them again must change no figure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID

from ops.demo.people import QUERIES, Visitor, house_of, perfume, visitor

BATCH: Final = 10
SPREAD_MS: Final = 45 * 60_000
INVALID_SHARE: Final = 0.002
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: its body without key and sent time, and the browser it comes from."""

    session_id: str
    user_agent: str
    body: dict[str, Any]
    invalid: int

    @property
    def events(self) -> int:
        return len(self.body["events"])


def requests(run: str, seed: int, events: int, now_ms: int) -> Iterator[Request]:
    """Requests with exactly `events` events, of visits begun in the 45 minutes before `now_ms`."""
    random = Random(f"{run}/{seed}")
    left, number = events, 0
    while left > 0:
        number += 1
        visit = _Visit(random, visitor(random, random.randrange(1 + events // 12)), f"{run}-{number}", now_ms)
        log = visit.log()[:left]
        left -= len(log)
        yield from _batches(random, visit, log)


def _batches(random: Random, visit: "_Visit", log: list[Event]) -> Iterator[Request]:
    for at in range(0, len(log), BATCH):
        batch = log[at : at + BATCH]
        invalid = 0
        for event in batch:
            if random.random() < INVALID_SHARE:
                event["eventCategory"] = "INVALID"
                invalid += 1
        body = {
            "sessionId": visit.session_id,
            "visitorId": visit.visitor.visitor_id,
            "tabId": "tab-1",
            "consent": "granted",
            "sdk": "demo/1.0",
            "events": batch,
        }
        yield Request(visit.session_id, visit.visitor.user_agent, body, invalid)


class _Visit:
    """One session: arrive, look around, perhaps search, rate, wish for or collect something."""

    def __init__(self, random: Random, who: Visitor, session_id: str, now_ms: int) -> None:
        self.visitor = who
        self.session_id = session_id
        self._random = random
        self._clock = now_ms - random.randrange(SPREAD_MS) - 60_000
        self._latest = now_ms
        self._log: list[Event] = []

    def log(self) -> list[Event]:
        """All events of the visit, in order."""
        self._event("PAGE_VIEW", "/", referrer=self.visitor.referrer, eventData={"title": "Home"})
        while self._random.random() < 0.8:
            self._random.choices((self._search, self._perfume, self._house), (2, 5, 1))[0]()
        return self._log

    def _event(self, event_type: str, path: str, **fields: Any) -> str:
        # Nothing happens in the future: it would be judged by the hour it claims.
        self._clock = min(self._clock + self._random.randrange(300, 9_000), self._latest)
        event_id = str(UUID(int=self._random.getrandbits(128), version=4))
        kept = {name: value for name, value in fields.items() if value is not None}
        self._log.append(
            {
                "eventId": event_id,
                "eventType": event_type,
                "timestamp": self._clock,
                "path": path,
                "seq": len(self._log),
                **kept,
            }
        )
        return event_id

    def _search(self) -> None:
        query, search_id = self._random.choice(QUERIES), f"{self.session_id}-{len(self._log)}"
        shown = list(dict.fromkeys(perfume(self._random) for _ in range(8)))
        data = {"query": query, "resultsCount": len(shown), "searchId": search_id, "shown": shown}
        self._event("SEARCH_PERFORMED", "/search", eventData=data)
        if self._random.random() < 0.6:
            at = self._random.randrange(len(shown))
            click = {"query": query, "position": at + 1, "searchId": search_id}
            self._event("SEARCH_RESULT_CLICKED", "/search", perfumeId=shown[at], eventData=click)
            self._perfume(shown[at], "search")

    def _perfume(self, perfume_id: str | None = None, source: str = "direct") -> None:
        chosen = perfume_id or perfume(self._random)
        path = f"/perfume/{chosen}"
        view = self._event("PERFUME_VIEW", path, perfumeId=chosen, eventData={"source": source})
        for event_type, chance in (("IMAGE_VIEWED", 0.3), ("NOTES_EXPANDED", 0.3), ("WISHLIST_ADD", 0.08)):
            if self._random.random() < chance:
                self._event(event_type, path, perfumeId=chosen)
        if self._random.random() < 0.05:
            stars = self._random.randint(1, 5)
            self._event("RATING_COMPLETED", path, perfumeId=chosen, eventData={"ratings": {"overall": stars}})
        if self._random.random() < 0.04:
            self._event("COLLECTION_ADD", path, perfumeId=chosen)
        ended = {"viewEventId": view, "viewType": "PERFUME_VIEW", "segment": 1, "scrollDepth": 60}
        stayed = self._random.randrange(1_000, 90_000)
        self._event("VIEW_ENDED", path, perfumeId=chosen, duration=stayed, eventData=ended)

    def _house(self) -> None:
        house = house_of(perfume(self._random))
        self._event("HOUSE_VIEW", f"/house/{house}", houseId=house)
