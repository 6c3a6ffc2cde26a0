"""A gateway that nobody may use, or everybody, does not start, and says what to set."""

import pytest

from ingest_gateway.errors import Misconfigured
from ingest_gateway.settings import load


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SILLAGE_ALLOWED_ORIGINS", "SILLAGE_SECRET_KEYS", "SILLAGE_PUBLISHABLE_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("origins", [None, "", " , "])
def test_it_does_not_start_where_nobody_may_send(
    monkeypatch: pytest.MonkeyPatch, origins: str | None
) -> None:
    if origins is not None:
        monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", origins)
    with pytest.raises(Misconfigured, match="SILLAGE_ALLOWED_ORIGINS"):
        load()


@pytest.mark.parametrize("origin", ["*", "null", "https://a.example/", "https://a.example/x", "a.example"])
def test_an_origin_is_exact(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", origin)
    with pytest.raises(Misconfigured, match=r"SILLAGE_ALLOWED_ORIGINS.*is not an origin"):
        load()


def test_lists_are_comma_separated_and_the_sites_own_names_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", "https://a.example, http://localhost:3000")
    monkeypatch.setenv("SILLAGE_SECRET_KEYS", "sk_one,sk_two")
    monkeypatch.setenv("ENABLE_ANALYTICS", "false")
    monkeypatch.setenv("ANALYTICS_BATCH_SIZE", "25")
    settings = load()
    assert settings.allowed_origins == {"https://a.example", "http://localhost:3000"}
    assert [key.get_secret_value() for key in settings.secret_keys] == ["sk_one", "sk_two"]
    assert (settings.enable_analytics, settings.analytics_batch_size) == (False, 25)
    assert "sk_one" not in repr(settings)


def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLAGE_SECRET_KEYS", "one")
    monkeypatch.setenv("ANALYTICS_FLUSH_INTERVAL", "soon")
    with pytest.raises(Misconfigured, match=r"^ANALYTICS_FLUSH_INTERVAL: "):
        load()
