"""A cookie is found whatever else the site sets beside it."""

from http.cookies import SimpleCookie

import pytest

from ingest_gateway.request import Request
from tests.unit.gateway.in_memory import NOW


def _cookie(*headers: str, name: str = "sid") -> str | None:
    lines = [(b"cookie", header.encode("latin-1")) for header in headers]
    return Request({"headers": lines}, NOW).cookie(name)


@pytest.mark.parametrize(
    "header",
    [
        "sid=s1",
        "sid=s1; flag",
        "flag; sid=s1",
        'prefs={"a":1}; sid=s1',
        "a[0]=1; sid=s1",
        "x=a b; sid=s1",
        "x=a,b;sid=s1",
        "=nameless; sid=s1",
        ";;sid=s1;;",
        "sid = s1 ",
        'sid="s1"',
        'x="open; sid=s1',
        "nächste=ü; sid=s1",
        "sid=s1; sid=of-a-wider-path",
    ],
)
def test_an_odd_neighbour_takes_nothing_away(header: str) -> None:
    assert _cookie(header) == "s1"


def test_a_cookie_may_stand_in_any_header_line() -> None:
    assert _cookie("a=1", "sid=s1") == "s1"


@pytest.mark.parametrize("header", ["", "sid", "Sid=s1", "xsid=s1", "x=sid=s1"])
def test_what_is_not_there_is_not_found(header: str) -> None:
    assert _cookie(header) is None


@pytest.mark.parametrize("value", ["s1", "a b", 'say "no"', "back\\slash", "a;b", "ü", "1=2=3", ""])
def test_what_pythons_library_quotes_comes_out_as_it_was(value: str) -> None:
    jar: SimpleCookie = SimpleCookie()
    jar["sid"] = value
    assert _cookie(jar.output(header="").strip()) == value


def test_quotes_are_taken_off_in_pairs_only() -> None:
    assert _cookie('sid="') == '"'
    assert _cookie('sid="s1') == '"s1'
