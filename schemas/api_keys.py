"""API keys: what one looks like, and the digests that services know them by.

Whoever holds a key sends it; the services' settings hold its digest only, so that neither an environment nor
a copy of it lets anybody in. A plain SHA-256 is enough: a key is 192 bits of chance, which nobody guesses.
(Passwords would need a slow hash; a key is none.)
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

_CHANCE_BYTES: Final = 24
_SHORTEST: Final = 20
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class KeyKind(StrEnum):
    """What a key is for; its value is the prefix by which people and scanners know it."""

    SECRET = "sk"
    """For servers: may name users and sessions, and read live rows."""
    PUBLISHABLE = "pk"
    """For pages: anybody can read it there; it only tells one front end from another."""


def new_key(kind: KeyKind, label: str = "") -> str:
    """A fresh key, such as sk_dev_5f2a…; `label` is for people."""
    return "_".join(part for part in (kind.value, label, secrets.token_hex(_CHANCE_BYTES)) if part)


def digest_of(key: str) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the key's UTF-8 bytes."""
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def weakness_of(key: str) -> str | None:
    """Why this text should not be a key; None where nothing speaks against it."""
    if key != key.strip() or not key.isascii() or not key.isprintable() or " " in key:
        return "a key is printable ASCII without blanks: it travels in an HTTP header"
    if len(key) < _SHORTEST:
        return f"a key has at least {_SHORTEST} characters of chance: make one with `sillage keys new`"
    return None


def checked_digests(listed: Iterable[str]) -> tuple[str, ...]:
    """The digests, each in its form. Raises ValueError, which quotes none: it may be a key by mistake."""
    digests = tuple(listed)
    for place, digest in enumerate(digests, 1):
        if _DIGEST.fullmatch(digest) is None:
            raise ValueError(
                f"entry {place} is not a key's digest (sha256: and 64 hexadecimal digits): this setting holds"
                " digests, never keys; `sillage keys hash` makes one of a key"
            )
    return digests


class ApiKeys:
    """The keys valid now, by their digests; several at once, so that one can be replaced without a gap."""

    def __init__(self, digests: Iterable[str] = ()) -> None:
        """Raises ValueError for what is no digest."""
        self._digests = checked_digests(digests)

    def __contains__(self, key: str) -> bool:
        return self.digest(key) is not None

    def digest(self, key: str) -> str | None:
        """The digest of a key that is valid now, else None.

        Every digest is compared in full, so that the time taken tells nothing about any of them.
        """
        offered = digest_of(key)
        found = [known for known in self._digests if hmac.compare_digest(offered, known)]
        return found[0] if found else None
