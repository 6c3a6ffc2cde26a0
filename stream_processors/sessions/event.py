"""What a session learns from one event, read out of an Interaction before any row is touched.

Whatever can be wrong with an event shows up here, so that folding it into a row cannot fail half-way.
"""

from collections.abc import Mapping
from typing import Any, Final, final

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


@final
class SessionEvent:
    """One event as a session sees it."""

    def __init__(self, interaction: Mapping[str, Any]) -> None:
        """Read a decoded Interaction (schemas/avro/interaction.avsc, times as epoch ms).

        Its event id is a canonical UUID, as `check_interaction` makes sure. Raises KeyError, TypeError,
        ValueError or OverflowError where it is not an Interaction.
        """
        category: str = interaction["event_category"]
        self.identity = identity_bytes(interaction["event_id"])
        self.occurred_at: int = interaction["occurred_at"]
        self.received_at: int = interaction["received_at"]
        self.moment: Moment = self.occurred_at.to_bytes(TIME_BYTES, "big") + self.identity
        self.event_type: str = interaction["event_type"]
        self.is_view = category == Category.VIEW
        self.is_interaction = category in INTERACTION_CATEGORIES
        self.path: str = interaction["path"]
        self.perfume_id: str | None = interaction["perfume_id"]
        self.user_id: str | None = interaction["user_id"]
        self.visitor_id: str | None = interaction["visitor_id"]
        self.referrer: str | None = interaction["referrer"]
        self.device_type: str = interaction["device_type"]
        self.browser: str = interaction["browser"]
        self.os: str = interaction["os"]


def identity_bytes(event_id: str) -> bytes:
    """A UUID's sixteen bytes. Raises ValueError for a text that is none."""
    identity = bytes.fromhex(event_id.replace("-", ""))
    if len(identity) != IDENTITY_BYTES:
        raise ValueError("the event id is no UUID")
    return identity
