"""The requests that are measured with: made from a seed, the same for every run and every program."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from schemas.catalogue import CATALOGUE

SEED: Final = 20
ORIGIN: Final = "https://bench.example"
REQUESTS: Final[Mapping[int, int]] = {1: 4_000, 10: 1_000, 100: 100}
"""Distinct requests by events in each; they are sent in turn, again and again."""

MIX: Final[Mapping[str, int]] = {
    "PERFUME_VIEW": 40,
    "PAGE_VIEW": 22,
    "NOTES_EXPANDED": 12,
    "SEARCH_PERFORMED": 8,
    "SEARCH_RESULT_CLICKED": 6,
    "WISHLIST_ADD": 5,
    "RATING_COMPLETED": 4,
    "COLLECTION_ADD": 3,
}
"""Event types and their shares in a hundred."""

AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0"
    " Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Mobile"
    " Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " CriOS/{v}.0.7204.33 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0"
    " Safari/537.36 Edg/{v}.0.0.0",
)


def write_requests(path: Path, batch: int, now_ms: int) -> float:
    """Write the requests of that many events each; returns the mean bytes of body per event."""
    written = list(lines(batch, now_ms))
    path.write_bytes(b"\n".join(agent.encode() + b"\t" + body for agent, body in written) + b"\n")
    return sum(len(body) for _, body in written) / (len(written) * batch)


def lines(batch: int, now_ms: int) -> Iterator[tuple[str, bytes]]:
    """User agent and body of each distinct request of that many events, sent at `now_ms` (epoch ms)."""
    chance = random.Random(SEED)
    for number in range(REQUESTS[batch]):
        agent = chance.choice(AGENTS).format(v=chance.randrange(120, 140))
        yield agent, orjson.dumps(_request(chance, batch, number, now_ms))


def _request(chance: random.Random, batch: int, number: int, now_ms: int) -> dict[str, Any]:
    device = chance.choice(("desktop", "mobile"))
    events = [_event(chance, seq, now_ms, device) for seq in range(batch)]
    return {
        "sessionId": f"0197a1c0-0000-7000-8000-{number:012d}",
        "tabId": f"tab-{number}",
        "visitorId": f"0197a1c0-0000-7000-9000-{number:012d}",
        "sentAt": _iso(now_ms),
        "consent": "granted",
        "sdk": "sillage-browser/0.1.0",
        "context": {"locale": "en-GB", "viewport": "1440x900"},
        **({"event": events[0]} if batch == 1 else {"events": events}),
    }


def _event(chance: random.Random, seq: int, now_ms: int, device: str) -> dict[str, Any]:
    row = CATALOGUE[chance.choices(list(MIX), weights=list(MIX.values()))[0]]
    perfume = f"maison-bergamote-eau-de-parfum-{chance.randrange(5_000):04d}"
    event: dict[str, Any] = {
        "eventId": str(UUID(int=chance.getrandbits(128), version=4)),
        "eventType": row.name,
        "eventCategory": row.category.value,
        "timestamp": _iso(now_ms - chance.randrange(5_000)),
        "path": f"/perfumes/{perfume}" if "perfumeId" in row.requires else "/search/results",
        "eventData": _data(chance, row.name),
        "referrer": "https://www.example.org/perfumes/new",
        "deviceType": device,
        "seq": seq,
    }
    if "perfumeId" in row.requires:
        event["perfumeId"] = perfume
    if row.name == "PERFUME_VIEW":
        event["duration"] = chance.randrange(60_000)
    if row.name == "RATING_COMPLETED":
        event["value"] = event["eventData"]["ratings"]["overall"]
    return event


def _data(chance: random.Random, event_type: str) -> dict[str, Any]:
    match event_type:
        case "SEARCH_PERFORMED":
            shown = [f"perfume-{chance.randrange(1_000) * 10 + at}" for at in range(8)]
            return {"query": "iris et cuir", "resultsCount": 48, "queryType": "text", "shown": shown}
        case "SEARCH_RESULT_CLICKED":
            return {"query": "iris et cuir", "position": 3, "totalResults": 48, "searchId": "s-17"}
        case "NOTES_EXPANDED":
            return {"noteType": chance.choice(("open", "heart", "base")), "scrollDepth": 40}
        case "RATING_COMPLETED":
            ratings = {"overall": chance.randint(1, 5), "longevity": 4, "sillage": 3, "priceValue": 5}
            return {"ratings": ratings, "timeToComplete": chance.randrange(60_000)}
        case _:
            return {
                "source": "search",
                "recommendationId": f"rec-{chance.getrandbits(48):012x}",
                "layout": "grid-2-columns",
                "experiment": {"name": "new-header", "arm": chance.choice("AB")},
            }


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
