"""What a session learns from one event, read out of an Interaction before any row is touched.

Whatever can be wrong with an event shows up here, so that folding it into a row cannot fail half-way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.event_type import Category

INTERACTION_CATEGORIES = frozenset({Category.RATING, Category.REVIEW, Category.COLLECTION, Category.WISHLIST})


Moment = bytes
"""When an event happened, in an order without ties: epoch milliseconds (8 bytes), then its identity (16).

Big-endian, and a canonical UUID sorts like its bytes: so moments compare as (time, event id) would.
"""

TIME_BYTES: Final = 8
IDENTITY_BYTES: Final = 16
MOMENT_BYTES: Final = TIME_BYTES + IDENTITY_BYTES


def time_of(moment: Moment) -> int:
    """Epoch milliseconds."""
    return int.from_bytes(moment[:TIME_BYTES], "big")


@dataclass(slots=True)
class SessionEvent:
    """One event as a session sees it."""

    moment: Moment
    occurred_at: int
    received_at: int
    identity: bytes
    event_type: str
    is_view: bool
    is_interaction: bool
    path: str
    perfume_id: str | None
    user_id: str | None
    visitor_id: str | None
    referrer: str | None
    device_type: str
    browser: str
    os: str


def session_event(interaction: Mapping[str, Any]) -> SessionEvent:
    """Read a decoded Interaction (schemas/avro/interaction.avsc, times as epoch ms).

    Its event id is a canonical UUID, as `check_interaction` makes sure. Raises KeyError, TypeError,
    ValueError or OverflowError where it is not an Interaction.
    """
    identity = identity_bytes(interaction["event_id"])
    occurred_at: int = interaction["occurred_at"]
    category: str = interaction["event_category"]
    return SessionEvent(
        occurred_at.to_bytes(TIME_BYTES, "big") + identity,
        occurred_at,
        interaction["received_at"] + 0,
        identity,
        interaction["event_type"],
        category == Category.VIEW,
        category in INTERACTION_CATEGORIES,
        interaction["path"],
        interaction["perfume_id"],
        interaction["user_id"],
        interaction["visitor_id"],
        interaction["referrer"],
        interaction["device_type"],
        interaction["browser"],
        interaction["os"],
    )


def identity_bytes(event_id: str) -> bytes:
    """A UUID's sixteen bytes. Raises ValueError for a text that is none."""
    identity = bytes.fromhex(event_id.replace("-", ""))
    if len(identity) != IDENTITY_BYTES:
        raise ValueError("the event id is no UUID")
    return identity
