"""Services know keys by their digests, and a key in a digest's place is caught."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.api_keys import ApiKeys, KeyKind, checked_digests, digest_of, new_key, weakness_of


def test_a_new_key_is_strong_and_says_what_it_is_for() -> None:
    key = new_key(KeyKind.SECRET, "live")
    assert re.fullmatch(r"sk_live_[0-9a-f]{48}", key)
    assert weakness_of(key) is None
    assert new_key(KeyKind.SECRET) != new_key(KeyKind.SECRET)


def test_a_digest_is_sha256_as_everybody_computes_it() -> None:
    # printf %s abc | sha256sum
    assert digest_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(st.lists(st.text(min_size=1), max_size=4, unique=True), st.text())
def test_exactly_the_listed_keys_are_valid(valid: list[str], other: str) -> None:
    keys = ApiKeys(digest_of(key) for key in valid)
    assert all(key in keys for key in valid)
    assert [keys.digest(key) for key in valid] == [digest_of(key) for key in valid]
    assert (other in keys) == (other in valid)


def test_a_digest_is_not_a_key() -> None:
    assert digest_of("sk_1") not in ApiKeys([digest_of("sk_1")])


@pytest.mark.parametrize("entry", ["sk_live_0123456789", "sha256:12", digest_of("a").upper(), "", "sha512:x"])
def test_a_key_among_digests_is_refused_without_being_told(entry: str) -> None:
    with pytest.raises(ValueError, match="entry 2 is not a key's digest") as refused:
        checked_digests([digest_of("one"), entry])
    assert not entry or entry not in str(refused.value)


@pytest.mark.parametrize(
    "key", ["", "short", "with blank and enough characters", "k\u00e9y-" * 10, "a" * 30 + "\n"]
)
def test_a_weak_key_is_told_to_be_one(key: str) -> None:
    assert weakness_of(key) is not None
