"""Which texts are what they claim to be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.storable import is_canonical_uuid

CANONICAL = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@given(st.uuids())
def test_a_uuid_is_canonical_as_python_writes_it(uuid: object) -> None:
    assert is_canonical_uuid(str(uuid))


@given(st.uuids(), st.integers(0, 35), st.sampled_from("-0aAgF \n\0é٣\ud800"), st.booleans())
def test_a_character_that_does_not_belong_there_is_seen(
    uuid: object, at: int, wrong: str, added: bool
) -> None:
    text = str(uuid)[:at] + wrong + str(uuid)[at if added else at + 1 :]
    assert is_canonical_uuid(text) == (CANONICAL.fullmatch(text) is not None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 32,
        "0" * 36,
        "-" * 36,
        "00000000-0000-0000-0000-00000000000",
        "00000000-0000-0000-0000-0000-0000000",
        "00000000-0000-0000-0000- 00000000000",
        "urn:uuid:00000000-0000-0000-0000-000000000000",
    ],
)
def test_what_is_nearly_a_uuid_is_none(text: str) -> None:
    assert not is_canonical_uuid(text)
