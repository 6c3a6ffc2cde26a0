"""User tokens: short-lived signed JWTs (RFC 7519) by which the site says who its visitor is.

Each key is bound to one algorithm by configuration, and a token is tried against each key with that algorithm
only. So nothing a token says about itself, `alg: none` or HS256 over a public key, decides how it is checked
(RFC 8725, sections 2.1 and 3.1).
"""

import base64
import binascii
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from jwt.exceptions import InvalidSubjectError

from ingest_gateway.errors import Refusal
from ingest_gateway.session import named
from schemas import limits
from schemas.event_data import check_text
from schemas.reasons import Reason
from schemas.rejection import InvalidEvent

HS256_SECRET_BYTES: Final = 32
"""RFC 7518, section 3.2: a key of the hash's own size or larger."""
TOKEN_CHARS: Final = 4_096
"""A token that says who somebody is needs a few hundred."""
REMEMBERED: Final = 10_000
"""Verified tokens; some 200 bytes each."""

_REQUIRED: Final = ["exp", "iat", "sub"]
_WRONG_KEY: Final = (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """What tokens of one algorithm are checked with."""

    algorithm: Literal["HS256", "EdDSA"]
    material: bytes | Ed25519PublicKey = field(repr=False)

    @classmethod
    def hs256(cls, secret: str) -> "TokenKey":
        """A shared secret; raises ValueError where it is too short to withstand guessing."""
        material = secret.encode()
        if len(material) < HS256_SECRET_BYTES:
            raise ValueError(f"an HS256 secret has at least {HS256_SECRET_BYTES} bytes: openssl rand -hex 32")
        return cls("HS256", material)

    @classmethod
    def ed25519(cls, pem: str) -> "TokenKey":
        """A public key in PEM, or that text's middle line alone; raises ValueError for anything else."""
        lines = (line.strip() for line in pem.replace("\\n", "\n").splitlines())
        text = "".join(line for line in lines if not line.startswith("-----"))
        try:
            key = load_der_public_key(base64.b64decode(text, validate=True))
        except (ValueError, UnsupportedAlgorithm, binascii.Error):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("not an Ed25519 public key: openssl pkey -in private.pem -pubout") from None
        return cls("EdDSA", key)


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Which tokens are believed. Without keys: none."""

    keys: Sequence[TokenKey] = ()
    max_lifetime_s: int = 3_600
    """From `iat` to `exp`: a token that is stolen is of use for so long at most."""
    leeway_s: int = 30
    """By how much the site's clock and ours may differ."""
    audience: str | None = None
    issuer: str | None = None


class UserTokens:
    """Checks tokens by one set of rules. `now`: the wall clock, epoch seconds.

    A visitor's batches repeat one token, and a signature costs more than the rest of a small request: who was
    verified is remembered by the token's hash until it expires, for so many tokens at most.
    """

    def __init__(self, rules: TokenRules, now: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._now = now
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    def user_of(self, token: str) -> str:
        """The user whom a valid token names. Raises Refusal, whose message never quotes the token."""
        if not self._rules.keys:
            raise Refusal(Reason.INVALID_TOKEN, "user tokens are not configured here: send none")
        if len(token) > TOKEN_CHARS:
            raise Refusal(Reason.INVALID_TOKEN, f"a user token has at most {TOKEN_CHARS} characters")
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(name)
        if known is None:
            known = self._verified[name] = self._verify(token)
            if len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
        elif known.expires <= self._now() - self._rules.leeway_s:
            del self._verified[name]
            raise _expired()
        return known.user

    def _verify(self, token: str) -> "_Verified":
        claims = self._claims(token)
        expires = int(claims["exp"])
        if expires - int(claims["iat"]) > self._rules.max_lifetime_s:
            raise Refusal(
                Reason.INVALID_TOKEN,
                f"a user token lives {self._rules.max_lifetime_s} seconds at most, from iat to exp",
            )
        return _Verified(_user(claims["sub"]), expires)

    def _claims(self, token: str) -> dict[str, Any]:
        for key in self._rules.keys:
            try:
                return self._decoded(token, key)
            except _WRONG_KEY:
                continue
            except jwt.ExpiredSignatureError:
                raise _expired() from None
            except jwt.MissingRequiredClaimError as missing:
                message = f"the user token lacks the claim {missing.claim}"
                raise Refusal(Reason.INVALID_TOKEN, message) from None
            except (jwt.PyJWTError, ValueError, RecursionError) as fault:
                raise Refusal(Reason.INVALID_TOKEN, _said(fault)) from None
        raise Refusal(Reason.INVALID_TOKEN, "the user token is not signed by a key that is valid now")

    def _decoded(self, token: str, key: TokenKey) -> dict[str, Any]:
        rules = self._rules
        return jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            options={"require": _REQUIRED},
            audience=rules.audience,
            issuer=rules.issuer,
            leeway=rules.leeway_s,
        )


@dataclass(frozen=True, slots=True)
class _Verified:
    user: str
    expires: int


def _expired() -> Refusal:
    return Refusal(Reason.EXPIRED_TOKEN, "the user token has expired: make a new one")


_SAID: Final[dict[type[Exception], str]] = {
    jwt.ImmatureSignatureError: "the user token is not valid yet: look at the clock of whoever made it",
    jwt.InvalidAudienceError: "the user token is for another audience (aud)",
    jwt.InvalidIssuerError: "the user token is from another issuer (iss)",
    InvalidSubjectError: "the user token names no user: sub is a text",
}


def _said(fault: Exception) -> str:
    """Our own words: a library's may quote what it was given."""
    return _SAID.get(type(fault), "the user token is not a JWT of the right form")


def _user(subject: str) -> str:
    try:
        check_text("sub", subject)
    except InvalidEvent:
        raise Refusal(Reason.INVALID_TOKEN, "the user token's sub is no clean text") from None
    if named(subject) is None:
        raise Refusal(Reason.INVALID_TOKEN, "the user token's sub names no user, but a placeholder")
    if len(subject) > limits.ID_CHARS:
        raise Refusal(Reason.INVALID_TOKEN, f"a user id has at most {limits.ID_CHARS} characters")
    return subject
