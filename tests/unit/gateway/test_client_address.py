"""Whose request it is: forwarding headers are believed from configured proxies only, and their last word."""

from ipaddress import ip_network
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_gateway.client_address import UNKNOWN, ClientAddresses
from ingest_gateway.request import Request

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:f::/48")]


def network(
    peer: str | None,
    *forwarded: str,
    header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for",
    sent_as: str | None = None,
) -> bytes:
    scope = {
        "client": None if peer is None else (peer, 1),
        "headers": [((sent_as or header).encode(), value.encode("latin-1")) for value in forwarded],
    }
    return ClientAddresses(PROXIES, header).network(Request(scope, 0))


def four(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1,, "], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8:f::1", ["198.51.100.1"], "198.51.100.1"),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_of_ours(peer: str, forwarded: list[str], client: str) -> None:
    assert network(peer, *forwarded) == four(client)


@pytest.mark.parametrize(
    ("element", "client"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ('proto=https;For="198.51.100.1:80";by=10.0.0.1', "198.51.100.1"),
        ("for=1.1.1.1, for=198.51.100.1", "198.51.100.1"),
        ("for=_hidden", "10.0.0.1"),
        ("by=198.51.100.1", "10.0.0.1"),
        ("198.51.100.1", "10.0.0.1"),
    ],
)
def test_the_forwarded_header_is_read_by_its_own_rules(element: str, client: str) -> None:
    assert network("10.0.0.1", element, header="forwarded") == four(client)


@pytest.mark.parametrize("element", ['for="[2001:db8::7]:4711"', 'for="[2001:db8::7]"'])
def test_the_forwarded_header_may_name_ipv6(element: str) -> None:
    assert network("10.0.0.1", element, header="forwarded") == bytes.fromhex("20010db800000000")


def test_a_header_that_is_not_the_configured_one_is_not_read() -> None:
    assert network("10.0.0.1", "for=1.1.1.1", sent_as="forwarded") == four("10.0.0.1")
    assert network("10.0.0.1", "1.1.1.1", header="forwarded", sent_as="x-forwarded-for") == four("10.0.0.1")


def test_all_of_an_ipv6_subscribers_addresses_are_one_client() -> None:
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") != network("2001:db8:1:3::1")
    assert network("10.0.0.1", "[2001:db8:1:2::1]:99") == network("2001:db8:1:2::1")


def test_without_configured_proxies_no_header_is_believed() -> None:
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"1.1.1.1")]}
    assert ClientAddresses().network(Request(scope, 0)) == four("10.0.0.1")


def test_a_peer_without_an_address_is_nobody_in_particular() -> None:
    assert network(None) == network("testclient") == UNKNOWN


@given(st.text(alphabet=st.characters(max_codepoint=255)), st.sampled_from(["x-forwarded-for", "forwarded"]))
def test_no_header_is_an_error(value: str, header: Literal["x-forwarded-for", "forwarded"]) -> None:
    assert len(network("10.0.0.1", value, header=header)) in (4, 8)


@given(st.text(alphabet="0123456789.,: ab[]", max_size=60))
def test_nobody_outside_the_proxies_can_look_like_somebody_else(made_up: str) -> None:
    assert network("203.0.113.9", made_up) == four("203.0.113.9")
    assert network("10.0.0.1", f"{made_up}, 203.0.113.9") == four("203.0.113.9")
