"""Who visits, with what, and what there is to look at."""

from dataclasses import dataclass
from random import Random
from typing import Final

PERFUMES: Final = 400
HOUSES: Final = 40

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8)"
GALAXY = "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B)"

USER_AGENTS: Final = (
    (34, f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36"),
    (8, f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"),
    (20, f"{IPHONE} {APPLE} Version/18.1 Mobile/15E148 Safari/604.1"),
    (14, f"{PIXEL} {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"),
    (9, f"{MAC} {APPLE} Version/18.1 Safari/605.1.15"),
    (7, "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"),
    (4, f"{GALAXY} {WEBKIT} SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36"),
    (4, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
)
"""How common out of a hundred, and the header."""

REFERRERS: Final = (
    None,
    None,
    "https://www.google.com/",
    "https://www.instagram.com/",
    "https://forum.example/scents",
)
QUERIES: Final = (
    "vetiver",
    "oud",
    "iris",
    "summer citrus",
    "rose",
    "leather",
    "vanilla",
    "amber",
    "green fig",
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who comes to the site, perhaps more than once."""

    visitor_id: str
    user_agent: str
    referrer: str | None


def visitor(random: Random, number: int) -> Visitor:
    """The visitor with that number."""
    weights, agents = zip(*USER_AGENTS, strict=True)
    return Visitor(f"visitor-{number}", random.choices(agents, weights)[0], random.choice(REFERRERS))


def perfume(random: Random) -> str:
    """A perfume id; few are looked at often (a Pareto draw, as on real sites)."""
    return f"perfume-{min(PERFUMES, int(random.paretovariate(0.8))):03d}"


def house_of(perfume_id: str) -> str:
    """The house that makes it."""
    return f"house-{int(perfume_id[-3:]) % HOUSES:02d}"
