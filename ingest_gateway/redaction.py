"""Takes keys and tokens out of what is kept for a look, wherever in it a client put them.

By name, at any depth; by the values this very request came with; and by what a token or a key looks like.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from schemas.api_keys import KeyKind

REMOVED: Final = "(removed)"

_NAMES: Final = frozenset(
    {"key", "apikey", "secret", "secretkey", "password", "authorization", "token", "usertoken", "accesstoken"}
)
"""Without case, blanks, - and _."""
_IGNORED: Final = str.maketrans("", "", "-_ ")
_PREFIX_CHARS: Final = 12
"""A message may quote the beginning of a value: so much of a secret is enough to know it by."""
_SHORTEST: Final = 8
"""What is shorter is no secret worth the name, and taking out every `a` would leave nothing to look at."""
_KINDS: Final = "|".join(kind.value for kind in KeyKind)
_LOOKS: Final = re.compile(
    rf"eyJ[\w-]{{8,}}(?:\.[\w-]*)*|\b(?:{_KINDS})_[\w-]{{16,}}|\b(?i:Bearer)\s+[\w.~+/-]+"
)
"""The base64url of `{"`, with which every JWT begins; a key of ours; a credential of HTTP."""


def is_secret_name(name: object) -> bool:
    """Whether a field of this name holds something that nobody else should see."""
    return isinstance(name, str) and name.translate(_IGNORED).lower() in _NAMES


def without_secret_fields(value: Any) -> Any:
    """A JSON value in which every field of a secret's name says (removed). Raises RecursionError."""
    if isinstance(value, dict):
        return {
            name: REMOVED if is_secret_name(name) else without_secret_fields(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [without_secret_fields(inner) for inner in value]
    return value


class Redaction:
    """What must not be kept of one request: its own credentials, and whatever looks like some."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        """`secrets`: the values this request carries as key or token; None where it carries none."""
        self._known: list[str] = []
        for secret in secrets:
            if secret is not None and len(secret) >= _SHORTEST:
                # As they stand in JSON's text, in which all else is escaped as well.
                self._known.append(json.dumps(secret)[1:-1])

    def text(self, text: str) -> str:
        """A message, or the text of a JSON document, without them."""
        for secret in self._known:
            text = text.replace(secret, REMOVED)
            if len(secret) > _PREFIX_CHARS:
                text = re.sub(re.escape(secret[:_PREFIX_CHARS]) + r"[^\s'\"\\]*", REMOVED, text)
        return _LOOKS.sub(REMOVED, text)

    def maybe(self, text: str | None) -> str | None:
        """The same; None for None."""
        return None if text is None else self.text(text)
