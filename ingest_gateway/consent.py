"""Whether anything may be kept at all: the operator's switch, and the visitor's no."""

from ingest_gateway.errors import Drop, Dropped
from ingest_gateway.request import Request

_NO = ("denied", "pending")


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
