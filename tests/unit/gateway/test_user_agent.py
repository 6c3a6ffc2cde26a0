"""What user agents tell: browser, system, device, and whether a bot speaks."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from ingest_gateway.enrichment.user_agent import NOBODY, PARSED_CHARS, describe
from tests.unit.gateway.in_memory import FROM_SHOP, Gateway, single

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/124.0.0.0 Safari/537.36"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT}"
_CHROME = "Chrome/124.0.6367.82 Mobile Safari/537.36"
_VIEW = f"{_ANDROID} Version/4.0 {_CHROME}"
_SAFARI_ON_MAC = f"{_MAC} Version/17.4 Safari/605.1.15"

DESKTOPS = [
    (f"{_WINDOWS} Edg/124.0.2478.51", "Edge", "Windows"),
    (f"{_WINDOWS} Edge/18.19582", "Edge", "Windows"),
    (f"{_WINDOWS} OPR/110.0.0.0", "Opera", "Windows"),
    (f"{_WINDOWS} Vivaldi/6.7", "Vivaldi", "Windows"),
    (f"{_WINDOWS} YaBrowser/24.4.0.0 Yowser/2.5", "Yandex Browser", "Windows"),
    (_WINDOWS, "Chrome", "Windows"),
    ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "IE", "Windows"),
    (_SAFARI_ON_MAC, "Safari", "Mac OS X"),
    (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Chrome/124.0 Safari/537.36",
        "Chrome",
        "Mac OS X",
    ),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0", "Firefox", "Ubuntu"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/124.0 Safari/537.36", "Chrome", "Chrome OS"),
]
PHONES = [
    (f"{_IPHONE} Version/17.4 Mobile/15E148 Safari/604.1", "Mobile Safari", "iOS"),
    (f"{_IPHONE} CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1", "Chrome Mobile iOS", "iOS"),
    (f"{_IPHONE} FxiOS/125.0 Mobile/15E148 Safari/605.1.15", "Firefox iOS", "iOS"),
    (f"{_IPHONE} Version/17.0 EdgiOS/123.0.2420.56 Mobile/15E148 Safari/605.1.15", "Edge Mobile", "iOS"),
    (f"{_IPHONE} Version/17.4 Mobile/15E148 Safari/604.1 OPT/4.5", "Opera Touch", "iOS"),
    (f"{_IPHONE} GSA/311.0.623 Mobile/15E148 Safari/604.1", "Google", "iOS"),
    (f"{_ANDROID} {_CHROME}", "Chrome Mobile", "Android"),
    (f"{_ANDROID} {_CHROME} EdgA/123.0.2420.102", "Edge Mobile", "Android"),
    (f"{_ANDROID} {_CHROME} OPR/76.2.4027.73374", "Opera Mobile", "Android"),
    (
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16",
        "Opera Mini",
        "Android",
    ),
    (f"{_ANDROID} SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36", "Samsung Internet", "Android"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0", "Firefox Mobile", "Android"),
    (
        f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {_WEBKIT} Chrome/80.0 Mobile Safari/537.36",
        "Chrome",
        "Android",
    ),
]
IN_APPS = [
    (f"{_IPHONE} Mobile/15E148 Instagram 325.0.0.0 (iPhone15,2; iOS 17_4; en_US)", "Instagram", "iOS"),
    (
        f"{_VIEW} Instagram 325.0.0.0 Android (34/14; 420dpi; 1080x2400; Google; Pixel 8)",
        "Instagram",
        "Android",
    ),
    (
        f"{_IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/460.0.0.37;FBDV/iPhone15,2;FBSN/iOS;FBLC/en_US]",
        "Facebook",
        "iOS",
    ),
    (f"{_VIEW} [FB_IAB/FB4A;FBAV/460.0.0.0;]", "Facebook", "Android"),
    (f"{_IPHONE} Mobile/15E148 musical_ly_33.5.0 JsSdk/2.0 BytedanceWebview/d8a21c6", "TikTok", "iOS"),
    (f"{_IPHONE} Mobile/15E148 [Pinterest/iOS]", "Pinterest", "iOS"),
    (f"{_IPHONE} Mobile/15E148 Snapchat/12.80.0.38 (like Safari/8617.2, panda)", "Snapchat", "iOS"),
    (f"{_VIEW} XWEB/1160117 MMWEBSDK/20240301 MicroMessenger/8.0.48.2580", "WeChat Browser", "Android"),
    (f"{_IPHONE} Mobile/15E148 MicroMessenger/8.0.48(0x1800302d)", "WeChat Browser", "iOS"),
    (f"{_IPHONE} Mobile/15E148 [LinkedInApp]/9.29.1234", "LinkedIn", "iOS"),
    (f"{_VIEW};KAKAOTALK 2410720", "KakaoTalk", "Android"),
    (f"{_IPHONE} Safari Line/14.5.0", "LINE", "iOS"),
]
OTHERS = [
    (
        f"Mozilla/5.0 (Linux; Android 12; SM-T870) {_WEBKIT} Chrome/124.0 Safari/537.36",
        "Chrome",
        "Android",
        "tablet",
    ),
    (
        "Mozilla/5.0 (Android 14; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0",
        "Firefox Mobile",
        "Android",
        "tablet",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/12.1 Mobile/15E148 Safari/604.1",
        "Mobile Safari",
        "iOS",
        "tablet",
    ),
    (
        f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {_WEBKIT} Version/6.0 TV Safari/537.36",
        "Safari",
        "Tizen",
        "tv",
    ),
    (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {_WEBKIT} Chrome/94.0 Safari/537.36", "Chrome", "Web0S", "tv"),
    ("x", "unknown", "unknown", "unknown"),
]


@pytest.mark.parametrize(
    ("user_agent", "browser", "system", "device"),
    [
        *((*row, "desktop") for row in DESKTOPS),
        *((*row, "mobile") for row in (*PHONES, *IN_APPS)),
        *OTHERS,
    ],
)
def test_browsers_are_told_apart(user_agent: str, browser: str, system: str, device: str) -> None:
    client = describe(user_agent)
    assert (client.browser, client.os, client.device_type) == (browser, system, device)
    assert not client.is_bot


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        f"{_ANDROID} {_CHROME} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        f"Mozilla/5.0 {_WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        f"Mozilla/5.0 {_WEBKIT}; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/124.0.0.0 Safari/537.36",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    ],
)
def test_what_two_lists_know_is_a_bot(user_agent: str) -> None:
    client = describe(user_agent)
    assert (client.is_bot, client.bot_suspect, client.device_type) == (True, True, "bot")


@pytest.mark.parametrize(
    "user_agent",
    [
        "curl/8.5.0",
        "python-requests/2.31",
        "python-httpx/0.28.1",
        "Go-http-client/1.1",
        "undici",
        "Java/17.0.1",
    ],
)
def test_a_developer_trying_it_out_is_a_visitor(user_agent: str) -> None:
    client = describe(user_agent)
    assert (client.is_bot, client.bot_suspect) == (False, True)


@pytest.mark.parametrize("user_agent", ["Mozilla/5.0", "testclient", "node", OTHERS[4][0]])
def test_what_one_list_knows_is_no_bot(user_agent: str) -> None:
    assert not describe(user_agent).is_bot


def test_nearly_all_of_the_published_crawlers_are_found() -> None:
    samples = {text for entry in CRAWLER_USER_AGENTS_DATA for text in entry["instances"]}
    found = sum(describe(text).is_bot for text in samples)
    assert found / len(samples) > 0.9, f"{found} of {len(samples)}"


def test_an_ipad_that_says_it_is_a_mac_is_known_by_its_touch_screen() -> None:
    ipad, mac = describe(_SAFARI_ON_MAC, has_touch=True), describe(_SAFARI_ON_MAC)
    assert (ipad.browser, ipad.os, ipad.device_type) == ("Mobile Safari", "iOS", "tablet")
    assert (mac.browser, mac.os, mac.device_type) == ("Safari", "Mac OS X", "desktop")
    assert describe(_WINDOWS, has_touch=True) == describe(_WINDOWS)


@pytest.mark.parametrize(
    ("more", "system"),
    [
        ({"context": {"maxTouchPoints": 5}}, "iOS"),
        ({"context": {"maxTouchPoints": 0}}, "Mac OS X"),
        ({"context": {"maxTouchPoints": "5"}}, "Mac OS X"),
        ({}, "Mac OS X"),
    ],
)
def test_a_browser_tells_its_touch_screen_in_the_context(more: dict[str, object], system: str) -> None:
    gateway = Gateway()
    assert gateway.send(single() | more, FROM_SHOP | {"user-agent": _SAFARI_ON_MAC}).status == 200
    assert gateway.events()[0]["os"] == system


@pytest.mark.parametrize("user_agent", [None, ""])
def test_no_user_agent_is_nobody(user_agent: str | None) -> None:
    assert describe(user_agent) is NOBODY


@pytest.mark.parametrize("unit", ["x", "a/", "tizen ", " ", "Mozilla/5.0 ", "\xff"])
def test_of_a_long_user_agent_only_the_beginning_is_parsed(unit: str) -> None:
    text = unit * 100_000
    assert describe(text) is describe(text[:PARSED_CHARS])
