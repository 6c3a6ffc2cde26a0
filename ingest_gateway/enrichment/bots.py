"""How many of three independent lists take a user agent for a bot's.

- CrawlerDetect's patterns (https://github.com/JayBizzle/Crawler-Detect), less what it calls noise;
- crawler-user-agents (https://github.com/monperrus/crawler-user-agents);
- isbot's patterns (https://github.com/omrilotan/isbot, in Python: is-bot).

The lists run on ua-parser's engine, which takes microseconds and is linear in the text: CrawlerDetect's own
matcher takes 25 ms for 512 hostile characters. The few patterns with look-around do not run there, but on
`regex`, for which they were written.
"""

import re
from collections.abc import Iterable
from typing import Final

import regex
import ua_parser_rs
from crawlerdetect.providers import crawlers, exclusions
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from is_bot import Bots

_LOOK_AROUND: Final = re.compile(r"\(\?<?[!=]")
_NOISE: Final = re.compile("|".join(exclusions.data), re.IGNORECASE)


class _PatternList:
    """Whether any of many patterns is in a text."""

    def __init__(self, patterns: Iterable[str], flags: str = "(?i)") -> None:
        linear: list[str] = []
        looking: list[str] = []
        for pattern in patterns:
            (looking if _LOOK_AROUND.search(pattern) else linear).append(pattern)
        self._linear = ua_parser_rs.UserAgentExtractor(
            [(f"{flags}{pattern}", "bot", None, None, None, None) for pattern in linear]
        )
        self._looking = regex.compile("|".join(looking) or "(?!)", regex.IGNORECASE if flags else 0)

    def __contains__(self, text: object) -> bool:
        assert isinstance(text, str)
        return self._linear.extract(text) is not None or self._looking.search(text) is not None


_CRAWLER_DETECT: Final = _PatternList(crawlers.data)
_CRAWLER_USER_AGENTS: Final = _PatternList((entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA), flags="")
_IS_BOT: Final = _PatternList(Bots().patterns)


def in_crawler_detect(text: str) -> bool:
    """Its patterns are meant for what is left when common words of browsers are taken out."""
    return text in _CRAWLER_DETECT and _NOISE.sub("", text) in _CRAWLER_DETECT


def in_crawler_user_agents(text: str) -> bool:
    """A list of crawlers known by name, in the case they write it in."""
    return text in _CRAWLER_USER_AGENTS


def in_is_bot(text: str) -> bool:
    """Finds nearly every bot, and takes some televisions and odd clients for one."""
    return text in _IS_BOT


_TOOL: Final = re.compile(
    r"(curl|wget|httpie|postmanruntime|insomnia|bruno-runtime|python(-[a-z0-9]+)?"
    r"|aiohttp|okhttp|axios|node|undici|got|bun|deno|go-http-client|java(-http-client)?|apache-httpclient"
    r"|reactornetty|dart|ruby|faraday|guzzlehttp|k6|vegeta|oha|hey|locust)(?=[/ ]|$)",
    re.IGNORECASE,
)


def is_tool(text: str) -> bool:
    """A developer's HTTP tool or library under its own name.

    Lists of crawlers hold these too, for web servers' logs. But who only fetches pages sends no events: what
    does so with curl, from an allowed origin, is a developer of the site trying it out.
    """
    return _TOOL.match(text) is not None
