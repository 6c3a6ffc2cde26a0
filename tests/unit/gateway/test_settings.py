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


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "a.example",
        "ftp://a.example",
        "https://",
        "https://:8443",
        "https://*.a.example",
        "https://A.example",
        "https://b\u00fccher.example",
        "https://a.example/",
        "https://a.example/x",
        "https://a.example?x",
        "https://a.example:",
        "https://a.example:443",
        "http://a.example:80",
        "http://a.example:080",
        "http://a.example:port",
        "http://user:word@a.example",
        "http://[::1",
    ],
)
def test_an_origin_is_exact(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", origin)
    with pytest.raises(Misconfigured, match=r"SILLAGE_ALLOWED_ORIGINS.*is not an origin"):
        load()


@pytest.mark.parametrize(
    "origin", ["https://a.example", "http://localhost:3000", "http://a.example:443", "http://[::1]:3000"]
)
def test_what_a_browser_sends_is_an_origin(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", origin)
    assert load().allowed_origins == {origin}


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
