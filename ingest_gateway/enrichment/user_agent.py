"""What a User-Agent tells: browser, operating system, kind of device, and whether a bot speaks.

Families are named as ua-parser's regexes name them (https://github.com/ua-parser/uap-core).
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from ua_parser import Parser
from ua_parser.core import Result
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver

from ingest_gateway.enrichment.bots import in_crawler_detect, in_crawler_user_agents, in_is_bot, is_tool

UNKNOWN: Final = "unknown"
PARSED_CHARS: Final = 512
"""Beyond this no family changes, and time would grow with what a stranger sends."""


@dataclass(frozen=True, slots=True)
class Client:
    """`is_bot` excludes an event from figures; `bot_suspect` is information: one list, too few for that."""

    browser: str = UNKNOWN
    os: str = UNKNOWN
    device_type: str = UNKNOWN
    is_bot: bool = False
    bot_suspect: bool = False


NOBODY: Final = Client()
"""No user agent was sent, or it is that of a server's HTTP library."""


_PARSER: Final = Parser(Resolver(load_builtins()))
_APPS: Final = {"MicroMessenger": "WeChat Browser", "LinkedInApp": "LinkedIn", "KAKAOTALK": "KakaoTalk"}
"""Browsers inside of apps that ua-parser takes, all or some of the time, for the system's bare web view."""

_APP: Final = re.compile("|".join(_APPS))
_TV: Final = re.compile(
    r"\b(smart-?tv|googletv|android tv|appletv|apple tv|bravia|hbbtv|roku|aft[a-z]+|tizen .*tv)\b", re.I
)
_TV_SYSTEMS: Final = frozenset({"ATV OS X", "tvOS", "Chromecast", "Roku", "webOS", "FireTV"})
_MOBILE_SYSTEMS: Final = frozenset(
    {"iOS", "Windows Phone", "KaiOS", "BlackBerry OS", "Symbian OS", "Firefox OS"}
)
_DESKTOP_SYSTEMS: Final = frozenset(
    {"Windows", "Mac OS X", "macOS", "Linux", "Chrome OS", "Ubuntu", "Fedora", "Debian", "FreeBSD", "OpenBSD"}
)


def describe(user_agent: str | None, has_touch: bool = False) -> Client:
    """The client that sent this header. Takes microseconds; a new string some tens of them.

    `has_touch`: its screen takes several fingers. No Mac's does, but an iPad says that it is one.
    """
    if not user_agent:
        return NOBODY
    client = _parsed(user_agent[:PARSED_CHARS])
    if not has_touch or client.os != "Mac OS X" or client.is_bot:
        return client
    browser = "Mobile Safari" if client.browser == "Safari" else client.browser
    return replace(client, browser=browser, os="iOS", device_type="tablet")


@lru_cache(maxsize=8_192)
def _parsed(text: str) -> Client:
    result = _PARSER.parse(text)
    spider = result.device is not None and result.device.family == "Spider"
    named_bot = in_is_bot(text)
    listed = named_bot + in_crawler_detect(text) + in_crawler_user_agents(text)
    is_bot = (spider or listed >= 2) and not is_tool(text)
    return Client(
        browser=_browser(text, result),
        os=result.os.family if result.os else UNKNOWN,
        device_type="bot" if is_bot else _device_type(text, result),
        is_bot=is_bot,
        bot_suspect=spider or named_bot,
    )


def _browser(text: str, result: Result) -> str:
    app = _APP.search(text)
    if app is not None:
        return _APPS[app[0]]
    return result.user_agent.family if result.user_agent else UNKNOWN


def _device_type(text: str, result: Result) -> str:
    system = result.os.family if result.os else ""
    if system in _TV_SYSTEMS or _TV.search(text):
        return "tv"
    if "Opera M" in text:  # Mini and Mobi, which leave out the word that others have for it
        return "mobile"
    if "iPad" in text or "Tablet" in text or (system == "Android" and "Mobile" not in text):
        return "tablet"
    if system == "Android" or system in _MOBILE_SYSTEMS or "Mobile" in text:
        return "mobile"
    return "desktop" if system in _DESKTOP_SYSTEMS else UNKNOWN
