"""Nobody sends more than their share, and nobody pays for somebody else's."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_gateway.client_address import ClientAddresses
from ingest_gateway.rate_limits import ORDINARY_BYTES, Buckets, Rate, RateLimits, further_requests
from schemas.api_keys import digest_of
from tests.unit.gateway.in_memory import FROM_SERVER, FROM_SHOP, Gateway, batch, page_view, single


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_is_taken_and_then_so_many_a_second(clock: Clock) -> None:
    bucket = Buckets(Rate(per_second=2, burst=3), clock)
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.take("b") == 0
    clock.now += 0.5
    assert [bucket.take("a"), bucket.take("a")] == [0, 0.5]
    clock.now += 60
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


@given(
    rate=st.integers(1, 50),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_never_more_than_burst_and_refill_and_never_less(rate: int, burst: int, pauses: list[float]) -> None:
    clock = Clock()
    bucket = Buckets(Rate(rate, burst), clock)
    tokens, taken = float(burst), []
    for pause in pauses:
        clock.now += pause
        tokens = min(burst, tokens + pause * rate)
        taken.append(bucket.take("a") == 0)
        if abs(tokens - 1) > 1e-6:  # at the very edge floating point may say either
            assert taken[-1] == (tokens >= 1)
        tokens -= taken[-1]


def test_the_wait_that_is_told_is_long_enough(clock: Clock) -> None:
    bucket = Buckets(Rate(per_second=0.3, burst=1), clock)
    bucket.take("a")
    clock.now += bucket.take("a")
    assert bucket.take("a") == 0


def test_memory_is_bounded_and_those_heard_of_last_stay(clock: Clock) -> None:
    bucket = Buckets(Rate(per_second=1, burst=1), clock, remembered=100)
    for number in range(1_000):
        bucket.take(number)
    assert len(bucket) == 100
    assert bucket.take(999) > 0


def limited(clock: Clock, **buckets: Rate) -> Gateway:
    made: dict[str, Any] = {name: Buckets(rate, clock) for name, rate in buckets.items()}
    return Gateway(limits=RateLimits(ClientAddresses(), **made))


def test_an_address_over_its_limit_is_told_when_to_come_again(clock: Clock) -> None:
    gateway = limited(clock, addresses=Rate(per_second=0.1, burst=2))
    assert [gateway.send(single()).status for _ in range(2)] == [200, 200]
    answer = gateway.send(single())
    assert (answer.status, answer.json["reason"], answer.headers["retry-after"]) == (
        429,
        "rate_limited",
        "10",
    )
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    assert len(gateway.published) == 2
    assert not gateway.letters
    gateway.peer = "192.0.2.2"
    assert gateway.send(single()).status == 200
    assert (
        gateway.figure('sillage_gateway_requests_total{outcome="refused",reason="rate_limited",status="429"}')
        == 1
    )


def test_guessing_keys_is_limited_like_everything_else(clock: Clock) -> None:
    gateway = limited(clock, addresses=Rate(per_second=1, burst=2))
    statuses = [gateway.send(single(), {"authorization": f"Bearer sk_{n}{n}"}).status for n in range(4)]
    assert statuses == [401, 401, 429, 429]


def test_each_key_has_a_limit_of_its_own(clock: Clock) -> None:
    gateway = limited(clock, keys=Rate(per_second=1, burst=1))
    first, second = FROM_SERVER, FROM_SERVER | {"authorization": "Bearer sk_2"}
    assert [gateway.send(single(), first).status for _ in range(2)] == [200, 429]
    assert gateway.send(single(), second).status == 200
    keyed = single() | {"key": "pk_1"}
    assert [gateway.send(keyed).status for _ in range(2)] == [200, 429]
    assert gateway.send(single()).status == 200
    assert not gateway.letters


def heavy() -> bytes:
    """A body within every bound, that is many times the work of an ordinary one."""
    event = page_view(eventData={"a": [{}] * 310})
    return json.dumps(batch(*[event] * 400), separators=(",", ":")).encode()


def test_a_large_body_counts_as_many_requests_however_small_it_was_sent(clock: Clock) -> None:
    gateway = limited(clock, addresses=Rate(per_second=1, burst=500))
    body = heavy()
    sent = gzip.compress(body)
    assert len(sent) < ORDINARY_BYTES
    gzipped = FROM_SHOP | {"content-encoding": "gzip"}
    assert [gateway.send(sent, gzipped).status for _ in range(3)] == [200, 429, 429]
    assert len(gateway.published) == 400
    left = 500 - 3 - further_requests(len(body))
    assert [gateway.send(single()).status for _ in range(left + 1)] == [200] * left + [429]


def test_a_large_body_of_a_server_counts_for_its_key(clock: Clock) -> None:
    gateway = limited(clock, addresses=Rate(1, 3), keys=Rate(1, 500))
    assert [gateway.send(heavy(), FROM_SERVER).status for _ in range(2)] == [200, 429]
    assert gateway.send(single(), FROM_SERVER | {"authorization": "Bearer sk_2"}).status == 200


def test_who_asks_for_more_than_a_bucket_holds_takes_all_of_it(clock: Clock) -> None:
    bucket = Buckets(Rate(per_second=1, burst=3), clock)
    assert bucket.take("a", 100) == 0
    assert bucket.take("a", 100) == 3


@pytest.mark.parametrize(("size", "further"), [(0, 0), (8_192, 0), (8_193, 1), (9_217, 2), (524_288, 504)])
def test_an_ordinary_body_is_one_request(size: int, further: int) -> None:
    assert further_requests(size) == further


def test_who_said_no_is_not_even_counted_against_a_limit(clock: Clock) -> None:
    gateway = limited(clock, addresses=Rate(per_second=1, burst=1))
    assert [gateway.send(single(), FROM_SHOP | {"dnt": "1"}).status for _ in range(3)] == [200] * 3
    assert gateway.send(single()).status == 200


def test_digests_not_keys_are_remembered(clock: Clock) -> None:
    keys = Buckets(Rate(1, 1), clock)
    gateway = Gateway(limits=RateLimits(ClientAddresses(), keys=keys))
    gateway.send(single(), FROM_SERVER)
    assert keys.take(digest_of("sk_1")) > 0
