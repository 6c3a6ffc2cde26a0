"""Whether anything may be kept at all: the operator's switch, and the visitor's no."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ingest_gateway.errors import Drop, Dropped
from ingest_gateway.json_document import RepeatedKey
from ingest_gateway.request import Request

_NO: Final = ("denied", "pending")
_NO_IN_TEXT: Final = re.compile(rb"consent\W+(?:%s)\b" % "|".join(_NO).encode(), re.IGNORECASE)
"""With whatever quotes and blanks in between."""


def check_switch_and_signals(request: Request, analytics_enabled: bool) -> None:
    """Before the body is read: ENABLE_ANALYTICS, Global Privacy Control, Do Not Track. Raises Dropped."""
    if not analytics_enabled:
        raise Dropped(Drop.ANALYTICS_DISABLED)
    if request.header(b"sec-gpc") == "1" or request.header(b"dnt") == "1":
        raise Dropped(Drop.OPTED_OUT)


def check_consent(consent: object) -> None:
    """The batch's own `consent`, before anything else in it is judged. Raises Dropped."""
    if consent in _NO:
        raise Dropped(Drop.OPTED_OUT)


def check_every_consent(body: Mapping[str, Any]) -> None:
    """The same for a body that may name it twice: one no is enough. Raises Dropped."""
    pairs = body.pairs if isinstance(body, RepeatedKey) else body.items()
    for name, value in pairs:
        if name == "consent":
            check_consent(value)


def check_consent_in_text(body: bytes) -> None:
    """The same for a body that cannot be parsed, as far as its bytes tell (UTF-16's too). Raises Dropped."""
    if _NO_IN_TEXT.search(body.replace(b"\0", b"")):
        raise Dropped(Drop.OPTED_OUT)
