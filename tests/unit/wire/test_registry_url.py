"""A registry's user and password are for the registry alone."""

import pytest

from schemas.topics import INTERACTIONS, Namespace
from wire.errors import RegistryUnavailable
from wire.registry import Registry
from wire.registry_api import without_credentials


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://registry:8081/apis/ccompat/v7", "http://registry:8081/apis/ccompat/v7"),
        ("https://user:secret@registry/v7", "https://registry/v7"),
        ("https://user:p%40ss@registry:443/v7?a=b", "https://registry:443/v7?a=b"),
    ],
)
def test_they_are_not_shown(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_they_are_not_in_what_is_said_of_a_registry_that_is_away() -> None:
    registry = Registry("http://user:secret@127.0.0.1:9/v7")
    with pytest.raises(RegistryUnavailable) as away:
        registry.id_of(INTERACTIONS, Namespace(""))
    assert "secret" not in str(away.value)
    assert "127.0.0.1:9" in str(away.value)
