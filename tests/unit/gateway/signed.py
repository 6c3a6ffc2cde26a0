"""User tokens as a site makes them, and as others would like to."""

import time
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET: Final = "an HS256 secret of more than 32 bytes"
PRIVATE: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC_PEM: Final = (
    PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
)
PUBLIC: Final = PUBLIC_PEM.splitlines()[1]
"""The one line of it that holds the key."""


def claims(**more: Any) -> dict[str, Any]:
    """What a token says: user u-1, for the next ten minutes. A claim of None is left out."""
    now = int(time.time())
    said = {"sub": "u-1", "iat": now, "exp": now + 600, **more}
    return {name: value for name, value in said.items() if value is not None}


def hs256(secret: str = SECRET, **more: Any) -> str:
    """Signed with a shared secret."""
    return jwt.encode(claims(**more), secret, "HS256")


def eddsa(key: Ed25519PrivateKey = PRIVATE, **more: Any) -> str:
    """Signed with a private key."""
    return jwt.encode(claims(**more), key, "EdDSA")


def unsigned(**more: Any) -> str:
    """`alg: none`, with no signature."""
    return jwt.encode(claims(**more), "", "none")
