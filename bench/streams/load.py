"""The events that are measured with: made from a seed, so that every run and every program gets the same."""

import bisect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID

import orjson

from schemas.catalogue import CATALOGUE

SEED: Final = 20
BOTS, RETRIES = 0.03, 0.03
SPREAD_MS: Final = 20 * 60_000
"""Events happened within these 20 minutes: no session closes, none is late, whatever the clock says."""

AGENTS: Final = (
    ("Firefox", "Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"),
    (
        "Chrome",
        "Windows",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0"
        " Safari/537.36",
    ),
)
LOCALES: Final = ("en", "fr", "de", "it", "ja")
VIEWPORTS: Final = ("1440x900", "1920x1080", "390x844", "412x915", "1280x720", "820x1180")
CLIENTS: Final = tuple(
    {
        "browser": browser,
        "os": system,
        "user_agent": agent.format(version),
        "context": f'{{"locale":"{locale}","viewport":"{viewport}"}}',
    }
    for (browser, system, agent), version, locale, viewport in itertools.product(
        AGENTS, range(110, 141), LOCALES, VIEWPORTS
    )
)
"""Browsers, versions, languages and screens: 1,860 different ones; a session has one of them."""

MIX: Final[Mapping[str, int]] = {
    "PERFUME_VIEW": 40,
    "PAGE_VIEW": 22,
    "NOTES_EXPANDED": 12,
    "SEARCH_PERFORMED": 8,
    "SEARCH_RESULT_CLICKED": 6,
    "WISHLIST_ADD": 5,
    "RATING_COMPLETED": 4,
    "COLLECTION_ADD": 2,
    "REVIEW_SUBMITTED": 1,
}
"""Event types and their shares in a hundred. The peers' forwarding knows these types and no others."""


@dataclass(frozen=True, slots=True)
class Load:
    """A population: so many sessions, perfumes chosen evenly or by Zipf's law."""

    name: str
    sessions: int
    perfumes: int
    zipf: bool

    @property
    def text(self) -> str:
        return (
            f"{self.sessions:,} sessions, {self.perfumes:,} perfumes,"
            f" {'Zipf-distributed' if self.zipf else 'evenly chosen'}"
        )


UNIFORM: Final = Load("uniform", sessions=20_000, perfumes=5_000, zipf=False)
SKEWED: Final = Load("skewed", sessions=2_000, perfumes=5_000, zipf=True)
LOADS: Final = (UNIFORM, SKEWED)


def interactions(load: Load, count: int, now_ms: int) -> Iterator[dict[str, Any]]:
    """`count` Interactions (schemas/avro/interaction.avsc) received at `now_ms`, in no order of time.

    Three in a hundred are of bots, three repeat an event id of before, as a client's retry does.
    """
    random = Random(SEED)
    types = random.choices(list(MIX), weights=list(MIX.values()), k=count)
    perfume = _perfumes(random, load)
    sent: list[dict[str, Any]] = []
    for receipt, event_type in enumerate(types):
        if sent and random.random() < RETRIES:
            yield {**random.choice(sent), "receipt": receipt}
            continue
        event = _interaction(random, load, event_type, perfume, now_ms, receipt)
        if len(sent) < 1_000:
            sent.append(event)
        else:
            sent[receipt % 1_000] = event
        yield event


def _perfumes(random: Random, load: Load) -> Callable[[], str]:
    if not load.zipf:
        return lambda: f"perfume-{random.randrange(load.perfumes):05d}"
    weights = list(itertools.accumulate(1 / rank for rank in range(1, load.perfumes + 1)))
    return lambda: f"perfume-{bisect.bisect(weights, random.random() * weights[-1]):05d}"


def _interaction(
    random: Random, load: Load, event_type: str, perfume: Callable[[], str], now_ms: int, receipt: int
) -> dict[str, Any]:
    row = CATALOGUE[event_type]
    session = random.randrange(load.sessions)
    perfume_id = perfume() if "perfumeId" in row.requires else None
    path = f"/perfumes/{perfume_id}" if perfume_id else random.choice(("/", "/search", "/houses", "/new"))
    return {
        **_CONSTANT,
        **CLIENTS[session % len(CLIENTS)],
        "event_id": str(UUID(int=random.getrandbits(128), version=4)),
        "event_type": event_type,
        "event_category": row.category.value,
        "occurred_at": now_ms - random.randrange(SPREAD_MS),
        "path": path,
        "perfume_id": perfume_id,
        "event_data": _event_data(random, event_type, perfume),
        "duration": random.randrange(60_000) if event_type == "PERFUME_VIEW" else None,
        "value": float(random.randint(1, 5)) if event_type == "RATING_COMPLETED" else None,
        "seq": receipt,
        "receipt": receipt,
        "session_id": f"0197a1c0-0000-7000-8000-{session:012d}",
        "user_id": f"user-{session}" if session % 3 == 0 else None,
        "visitor_id": f"visitor-{session}",
        "tab_id": f"tab-{session}",
        "sent_at": now_ms,
        "client_time": now_ms,
        "received_at": now_ms,
        "is_bot": random.random() < BOTS,
    }


def _event_data(random: Random, event_type: str, perfume: Callable[[], str]) -> str | None:
    data: dict[str, Any] = {}
    match event_type:
        case "PERFUME_VIEW" if random.random() < 0.5:
            data = {"source": "search", "position": random.randrange(20)}
            if random.random() < 0.3:
                data["recommendationId"] = f"rec-{random.randrange(1_000)}"
        case "SEARCH_PERFORMED":
            shown: Sequence[str] = list(dict.fromkeys(perfume() for _ in range(5)))
            data = {"query": "iris and leather", "resultsCount": 48, "shown": shown}
        case "NOTES_EXPANDED":
            data = {"noteType": random.choice(("open", "heart", "base"))}
        case "WISHLIST_ADD" | "COLLECTION_ADD":
            data = {"source": "detail_page"}
    return orjson.dumps(data).decode() if data else None


_CONSTANT: Final[Mapping[str, Any]] = {
    "time_source": "client",
    "house_id": None,
    "note_id": None,
    "referrer": "https://www.example.org/perfumes",
    "device_type": "desktop",
    "truncated": [],
    "bot_suspect": False,
    "source": "browser",
    "sdk": "sillage-browser/0.1.0",
    "consent": "granted",
    "gateway_boot": "bench",
}
