"""Times by two clocks, and what user agents tell."""

from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_gateway.enrichment.clock import TimeSource, occurred_at
from ingest_gateway.enrichment.user_agent import NOBODY, describe
from schemas.limits import MAX_EVENT_AGE_MS
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent

NOW = 1_772_366_400_000
MINUTE = 60_000
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("client_time", "sent_at", "expected"),
    [
        (None, None, (NOW, TimeSource.SERVER)),
        (NOW - 5_000, None, (NOW - 5_000, TimeSource.CLIENT)),
        (NOW - 5_000, NOW - 4 * MINUTE, (NOW - 5_000, TimeSource.CLIENT)),
        (NOW - HOUR - 5_000, NOW - HOUR, (NOW - 5_000, TimeSource.CLIENT_CORRECTED)),
        (NOW + HOUR - 5_000, NOW + HOUR, (NOW - 5_000, TimeSource.CLIENT_CORRECTED)),
        (5_000, 10_000, (NOW - 5_000, TimeSource.CLIENT_CORRECTED)),
        (NOW + 5 * MINUTE, None, (NOW + 5 * MINUTE, TimeSource.CLIENT)),
        (NOW + 5 * MINUTE + 1, None, (NOW, TimeSource.CLAMPED)),
        (NOW + HOUR, NOW, (NOW, TimeSource.CLAMPED)),
        (NOW - MAX_EVENT_AGE_MS, None, (NOW - MAX_EVENT_AGE_MS, TimeSource.CLIENT)),
    ],
)
def test_a_wrong_clock_is_corrected_and_transit_is_not(
    client_time: int | None, sent_at: int | None, expected: tuple[int, TimeSource]
) -> None:
    assert occurred_at(client_time, sent_at, NOW) == expected


def test_an_event_older_than_two_days_is_rejected() -> None:
    with pytest.raises(InvalidEvent, match="48 hours old") as caught:
        occurred_at(NOW - MAX_EVENT_AGE_MS - 1, None, NOW)
    assert caught.value.reason is Reason.TOO_OLD


_TIMES = st.none() | st.integers(0, 2**47)


@given(_TIMES, _TIMES)
def test_no_accepted_time_lies_outside_the_window(client_time: int | None, sent_at: int | None) -> None:
    with suppress(InvalidEvent):
        time, _ = occurred_at(client_time, sent_at, NOW)
        assert NOW - MAX_EVENT_AGE_MS <= time <= NOW + 5 * MINUTE


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/124.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "browser", "system", "device"),
    [
        (f"{_WINDOWS} Edg/124.0.2478.51", "Edge", "Windows", "desktop"),
        (f"{_WINDOWS} OPR/110.0.0.0", "Opera", "Windows", "desktop"),
        (_WINDOWS, "Chrome", "Windows", "desktop"),
        (
            f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) {_WEBKIT} SamsungBrowser/24.0"
            " Chrome/117.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "Android",
            "mobile",
        ),
        (f"{_IPHONE} CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1", "Chrome Mobile iOS", "iOS", "mobile"),
        (f"{_IPHONE} FxiOS/125.0 Mobile/15E148 Safari/605.1.15", "Firefox iOS", "iOS", "mobile"),
        (f"{_IPHONE} Version/17.4 Mobile/15E148 Safari/604.1", "Mobile Safari", "iOS", "mobile"),
        (f"{_IPHONE} Mobile/15E148 Instagram 325.0.0.0", "Instagram", "iOS", "mobile"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            " Version/17.4 Safari/605.1.15",
            "Safari",
            "Mac OS X",
            "desktop",
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
            "Firefox",
            "Ubuntu",
            "desktop",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 12; SM-T870) {_WEBKIT} Chrome/124.0.0.0 Safari/537.36",
            "Chrome",
            "Android",
            "tablet",
        ),
        (
            f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {_WEBKIT} Version/6.0 TV Safari/537.36",
            "Safari",
            "Tizen",
            "tv",
        ),
        ("x", "unknown", "unknown", "unknown"),
    ],
)
def test_browsers_are_told_apart(user_agent: str, browser: str, system: str, device: str) -> None:
    client = describe(user_agent)
    assert (client.browser, client.os, client.device_type) == (browser, system, device)
    assert not client.is_bot


@pytest.mark.parametrize(
    ("user_agent", "is_bot", "suspect"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True, True),
        (f"Mozilla/5.0 {_WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot)", True, True),
        (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/124.0.0.0 Safari/537.36", True, True),
        ("curl/8.5.0", False, True),
        ("python-requests/2.31", False, True),
        (
            f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {_WEBKIT} Chrome/80.0 Mobile Safari/537.36",
            False,
            False,
        ),
        (_WINDOWS, False, False),
    ],
)
def test_one_signal_makes_a_suspect_and_two_make_a_bot(user_agent: str, is_bot: bool, suspect: bool) -> None:
    client = describe(user_agent)
    assert (client.is_bot, client.bot_suspect) == (is_bot, suspect)
    assert (client.device_type == "bot") is is_bot


@pytest.mark.parametrize("user_agent", [None, ""])
def test_no_user_agent_is_nobody(user_agent: str | None) -> None:
    assert describe(user_agent) is NOBODY


@pytest.mark.parametrize("unit", ["x", "a/", "tizen ", " ", "Mozilla/5.0 ", "\xff"])
def test_hostile_user_agents_do_not_hold_up_the_others(unit: str) -> None:
    describe("warm")
    started = perf_counter()
    for number in range(20):
        describe(str(number) + unit * 100_000)
    assert perf_counter() - started < 0.25
