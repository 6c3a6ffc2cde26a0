"""Tokens of people who would like to be somebody else."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Final

from tests.unit.gateway.signed import PUBLIC, PUBLIC_PEM, STRANGER, claims, eddsa, hs256, unsigned


def signed_by_hand(header: object, payload: object, secret: bytes) -> str:
    """HMAC over any header and payload: what a library would refuse to make."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    mac = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def _with_the_public_key(secret: str) -> Callable[[str], str]:
    return lambda user: signed_by_hand({"alg": "HS256", "typ": "JWT"}, claims(sub=user), secret.encode())


def _expired(user: str) -> str:
    now = int(time.time())
    return eddsa(sub=user, iat=now - 1_200, exp=now - 600)


def _changed(user: str) -> str:
    header, _, signature = eddsa(sub="u-somebody").split(".")
    return f"{header}.{eddsa(STRANGER, sub=user).split('.')[1]}.{signature}"


FORGERIES: Final[dict[str, tuple[Callable[[str], str], str]]] = {
    "alg none": (lambda user: unsigned(sub=user), "invalid_token"),
    "signature cut off": (lambda user: eddsa(sub=user).rpartition(".")[0] + ".", "invalid_token"),
    "a stranger's key": (lambda user: eddsa(STRANGER, sub=user), "invalid_token"),
    "a stranger's secret": (lambda user: hs256("x" * 40, sub=user), "invalid_token"),
    "the public key as HS256 secret": (_with_the_public_key(PUBLIC_PEM), "invalid_token"),
    "its one line as HS256 secret": (_with_the_public_key(PUBLIC), "invalid_token"),
    "another payload": (_changed, "invalid_token"),
    "no expiry": (lambda user: eddsa(sub=user, exp=None), "invalid_token"),
    "a lifetime of years": (lambda user: eddsa(sub=user, exp=int(time.time()) + 10**8), "invalid_token"),
    "expired": (_expired, "expired_token"),
}
"""How a token for a user is forged, and the reason of its refusal."""
