"""The gateway's environment, read here and nowhere else."""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingest_gateway.client_address import ForwardingHeader, Network
from ingest_gateway.errors import Misconfigured
from ingest_gateway.user_tokens import TokenKey, TokenRules
from schemas import limits
from schemas.api_keys import checked_digests
from telemetry.logs import LogFormat
from wire.clients import Cluster
from wire.security import KafkaSecurity

_PREFIX = "SILLAGE_"


def _unprefixed(name: str, default: Any, **bounds: Any) -> Any:
    """A setting under the site's own name for it, without our prefix."""
    return Field(default, validation_alias=AliasChoices(name), **bounds)


_SPOOL_AGE_S = limits.SPOOL_MAX_AGE_MS // 1_000
_BODY_KIB = limits.BODY_BYTES // 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]")
"""In an Origin header: letters beyond ASCII come as punycode, capitals as small letters."""


class Settings(KafkaSecurity, BaseSettings):
    """Each field is the variable of the same name in capitals, after SILLAGE_; lists are comma separated."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    kafka_bootstrap: str = "127.0.0.1:7103"
    registry_url: str = "http://127.0.0.1:7104/apis/ccompat/v7"
    namespace: str = ""
    log_format: LogFormat = "console"

    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(default=7100, ge=0, le=65_535)
    allowed_origins: Annotated[frozenset[str], NoDecode] = frozenset()
    publishable_keys: Annotated[tuple[str, ...], NoDecode] = ()
    secret_keys: Annotated[tuple[str, ...], NoDecode] = ()
    """Both hold digests (`schemas.api_keys`), never keys."""
    session_cookie: str | None = None

    token_hs256_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    token_eddsa_public_keys: Annotated[tuple[str, ...], NoDecode] = ()
    """What user tokens may be signed with: each key serves its one algorithm; several are valid at once."""
    token_max_lifetime_s: int = Field(default=3_600, ge=1)
    token_leeway_s: int = Field(default=30, ge=0, le=600)
    token_audience: str | None = None
    token_issuer: str | None = None
    token_cookie: str | None = None

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    """Addresses or networks of the proxies before this process; only their forwarding header is believed."""
    forwarding_header: ForwardingHeader = "x-forwarded-for"
    address_rate: float = Field(default=500, ge=0, allow_inf_nan=False)
    address_burst: int = Field(default=5_000, ge=1)
    """Requests of one client address: so many a second, and so many at once. A rate of 0: no limit.

    A large body counts as several (`rate_limits`)."""
    key_rate: float = Field(default=0, ge=0, allow_inf_nan=False)
    key_burst: int = Field(default=20_000, ge=1)
    """The same for one key. A publishable key is shared by all visitors of its pages."""

    ack_timeout_ms: int = Field(default=150, ge=10, le=60_000)
    """How long a request waits for Kafka before its events go to the spool."""
    max_in_flight: int = Field(default=20_000, ge=1_000)
    """Records that may await Kafka at once; more go straight to the spool."""
    spool_dir: Path = Path("spool")
    """Where the spool is; several gateways of one host may share it."""
    spool_max_mb: int = Field(default=1_024, ge=1)
    """How much each process may keep there, in MiB; then events are answered 503."""
    spool_max_age_s: int = Field(default=_SPOOL_AGE_S, ge=1, le=_SPOOL_AGE_S)
    """How long an event may wait there; with an older one the spool takes nothing more."""
    max_body_kib: int = Field(default=_BODY_KIB, ge=1, le=_BODY_KIB)
    """Of a body, as sent and decoded."""
    head_timeout_ms: int = Field(default=10_000, ge=100)
    body_timeout_ms: int = Field(default=10_000, ge=100)
    keep_alive_ms: int = Field(default=5_000, ge=1_000)
    """How long a connection may be silent between two requests."""
    max_connections: int = Field(default=2_000, ge=1)
    """More than these, and the one that has kept the gateway waiting longest is closed for a new one."""

    docs: bool = True
    """Whether /docs and /openapi.json are shown."""
    sdk_file: Path | None = None
    """The browser SDK's built script, served as /sillage.js."""

    enable_analytics: bool = _unprefixed("ENABLE_ANALYTICS", True)
    analytics_batch_size: int = _unprefixed("ANALYTICS_BATCH_SIZE", 10, ge=1, le=500)
    analytics_flush_interval: int = _unprefixed("ANALYTICS_FLUSH_INTERVAL", 5_000, ge=100)

    @field_validator(
        "allowed_origins",
        "publishable_keys",
        "secret_keys",
        "token_hs256_secrets",
        "token_eddsa_public_keys",
        "trusted_proxies",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("publishable_keys", "secret_keys")
    @classmethod
    def _keys_are_digests(cls, listed: tuple[str, ...]) -> tuple[str, ...]:
        return checked_digests(listed)

    @field_validator("token_hs256_secrets")
    @classmethod
    def _secrets_are_strong(cls, listed: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in listed:
            TokenKey.hs256(secret.get_secret_value())
        return listed

    @field_validator("token_eddsa_public_keys")
    @classmethod
    def _keys_are_ed25519(cls, listed: tuple[str, ...]) -> tuple[str, ...]:
        for pem in listed:
            TokenKey.ed25519(pem)
        return listed

    @field_validator("allowed_origins")
    @classmethod
    def _origins_are_exact(cls, origins: frozenset[str]) -> frozenset[str]:
        for origin in origins:
            if not _is_origin(origin):
                raise ValueError(
                    f"{origin!r} is not an origin as browsers send it; write it as https://shop.example or"
                    " http://localhost:3000: no path, no *, no user, no default port"
                )
        return origins

    @model_validator(mode="after")
    def _somebody_may_send(self) -> "Settings":
        if not self.allowed_origins and not self.secret_keys:
            raise ValueError(
                "nobody may send events: set SILLAGE_ALLOWED_ORIGINS (the site's origins, such as"
                " https://shop.example) or SILLAGE_SECRET_KEYS (digests of servers' keys; `sillage keys"
                " new secret` makes both), or both"
            )
        return self

    @model_validator(mode="after")
    def _a_token_cookie_can_be_checked(self) -> "Settings":
        if self.token_cookie and not self.token_rules.keys:
            raise ValueError(
                "SILLAGE_TOKEN_COOKIE names a cookie with user tokens, but nothing to check them with: set"
                " SILLAGE_TOKEN_EDDSA_PUBLIC_KEYS or SILLAGE_TOKEN_HS256_SECRETS"
            )
        return self

    @property
    def cluster(self) -> Cluster:
        """Where Kafka is, and how to be let in."""
        return Cluster(self.kafka_bootstrap, self.kafka_security)

    @property
    def token_rules(self) -> TokenRules:
        """Which user tokens are believed."""
        return TokenRules(
            keys=(
                *(TokenKey.hs256(secret.get_secret_value()) for secret in self.token_hs256_secrets),
                *(TokenKey.ed25519(pem) for pem in self.token_eddsa_public_keys),
            ),
            max_lifetime_s=self.token_max_lifetime_s,
            leeway_s=self.token_leeway_s,
            audience=self.token_audience,
            issuer=self.token_issuer,
        )


def _is_origin(text: str) -> bool:
    """Whether a browser can send this as its Origin (RFC 6454, section 6.2)."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in _DEFAULT_PORTS or port == _DEFAULT_PORTS[parts.scheme]:
        return False
    host, _, _ = parts.netloc.rpartition(":") if port is not None else (parts.netloc, "", "")
    canonical = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    return text == canonical and _HOST.fullmatch(host) is not None


def load() -> Settings:
    """The settings of this process. Raises Misconfigured."""
    try:
        return Settings()
    except ValidationError as error:
        raise Misconfigured("\n".join(_line(item["loc"], item["msg"]) for item in error.errors())) from None


def _line(place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]) if place else ""
    variable = name if name.isupper() else f"{_PREFIX}{name.upper()}"
    return f"{variable}: {message}" if name else message.removeprefix("Value error, ")
