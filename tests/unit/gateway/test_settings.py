"""A gateway that nobody may use, or everybody, does not start, and says what to set."""

from contextlib import nullcontext

import pytest

from ingest_gateway.app import limits_of, policy_of
from ingest_gateway.errors import Misconfigured, RateLimited
from ingest_gateway.request import Request
from ingest_gateway.settings import load
from schemas import limits
from schemas.api_keys import digest_of
from tests.unit.gateway.signed import PUBLIC, SECRET


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
    monkeypatch.setenv("SILLAGE_SECRET_KEYS", f"{digest_of('sk_one')}, {digest_of('sk_two')}")
    monkeypatch.setenv("ENABLE_ANALYTICS", "false")
    monkeypatch.setenv("ANALYTICS_BATCH_SIZE", "25")
    settings = load()
    assert settings.allowed_origins == {"https://a.example", "http://localhost:3000"}
    assert settings.secret_keys == (digest_of("sk_one"), digest_of("sk_two"))
    assert (settings.enable_analytics, settings.analytics_batch_size) == (False, 25)


def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLAGE_SECRET_KEYS", digest_of("one"))
    monkeypatch.setenv("ANALYTICS_FLUSH_INTERVAL", "soon")
    with pytest.raises(Misconfigured, match=r"^ANALYTICS_FLUSH_INTERVAL: "):
        load()


@pytest.mark.parametrize("name", ["SILLAGE_SECRET_KEYS", "SILLAGE_PUBLISHABLE_KEYS"])
def test_a_key_in_the_place_of_its_digest_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", "https://a.example")
    monkeypatch.setenv(name, "sk_live_oops")
    with pytest.raises(Misconfigured, match=rf"{name}: .*sillage keys hash") as refused:
        load()
    assert "oops" not in str(refused.value)


def test_keys_for_user_tokens_are_read_and_kept_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", "https://a.example")
    monkeypatch.setenv("SILLAGE_TOKEN_HS256_SECRETS", f"{SECRET},{SECRET} and a newer one")
    monkeypatch.setenv("SILLAGE_TOKEN_EDDSA_PUBLIC_KEYS", PUBLIC)
    monkeypatch.setenv("SILLAGE_TOKEN_COOKIE", "who")
    settings = load()
    assert [key.algorithm for key in settings.token_rules.keys] == ["HS256", "HS256", "EdDSA"]
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOKEN_HS256_SECRETS", "oops-too-short", "SILLAGE_TOKEN_HS256_SECRETS: .*at least 32 bytes"),
        ("TOKEN_EDDSA_PUBLIC_KEYS", "oops", "SILLAGE_TOKEN_EDDSA_PUBLIC_KEYS: .*not an Ed25519 public key"),
        ("TOKEN_COOKIE", "who", "SILLAGE_TOKEN_COOKIE .*set SILLAGE_TOKEN_EDDSA_PUBLIC_KEYS"),
    ],
)
def test_what_cannot_check_a_token_does_not_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", "https://a.example")
    monkeypatch.setenv(f"SILLAGE_{name}", value)
    with pytest.raises(Misconfigured, match=said) as refused:
        load()
    assert "oops" not in str(refused.value)


def test_proxies_are_addresses_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", "https://a.example")
    monkeypatch.setenv("SILLAGE_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7, 2001:db8::/32")
    assert [str(network) for network in load().trusted_proxies] == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "2001:db8::/32",
    ]
    monkeypatch.setenv("SILLAGE_TRUSTED_PROXIES", "proxy.internal")
    with pytest.raises(Misconfigured, match="SILLAGE_TRUSTED_PROXIES: "):
        load()


@pytest.mark.parametrize(("rate", "limited"), [("0", False), ("0.5", True)])
def test_a_rate_of_nought_is_no_limit(monkeypatch: pytest.MonkeyPatch, rate: str, limited: bool) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", "https://a.example")
    monkeypatch.setenv("SILLAGE_ADDRESS_RATE", rate)
    monkeypatch.setenv("SILLAGE_ADDRESS_BURST", "1")
    limits = limits_of(load())
    request = Request({"headers": [], "client": ("192.0.2.1", 1)}, 0)
    limits.check_client(request)
    with pytest.raises(RateLimited) if limited else nullcontext():
        limits.check_client(request)


def test_the_body_s_bound_may_be_drawn_tighter_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLAGE_ALLOWED_ORIGINS", "https://a.example")
    assert policy_of(load()).bounds.max_bytes == limits.BODY_BYTES
    monkeypatch.setenv("SILLAGE_MAX_BODY_KIB", "64")
    assert policy_of(load()).bounds.max_bytes == 64 * 1024
    monkeypatch.setenv("SILLAGE_MAX_BODY_KIB", "513")
    with pytest.raises(Misconfigured, match="SILLAGE_MAX_BODY_KIB"):
        load()
