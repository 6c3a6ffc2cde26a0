"""What a session learns from one event, read out of an Interaction before any row is touched.

Whatever can be wrong with an event shows up here, so that folding it into a row cannot fail half-way.
"""

import struct
from binascii import unhexlify
from collections.abc import Mapping
from typing import Any, Final, final

from schemas.event_type import Category

_VIEW: Final[str] = Category.VIEW.value
INTERACTION_CATEGORIES = frozenset({Category.RATING, Category.REVIEW, Category.COLLECTION, Category.WISHLIST})


Moment = bytes
"""When an event happened, in an order without ties: epoch milliseconds (8 bytes), then its identity (16).

Big-endian, and a canonical UUID sorts like its bytes: so moments compare as (time, event id) would.
"""

TIME_BYTES: Final = 8
IDENTITY_BYTES: Final = 16
MOMENT_BYTES: Final = TIME_BYTES + IDENTITY_BYTES


_TIME: Final = struct.Struct(">Q")


def time_of(moment: Moment) -> int:
    """Epoch milliseconds."""
    time: int = _TIME.unpack_from(moment)[0]
    return time


@final
class SessionEvent:
    """One event as a session sees it."""

    def __init__(self, interaction: Mapping[str, Any]) -> None:
        """Read a decoded Interaction (schemas/avro/interaction.avsc, times as epoch ms).

        Its event id is a canonical UUID, as `check_interaction` makes sure. Raises KeyError, TypeError,
        ValueError or OverflowError where it is not an Interaction.
        """
        occurred_at: int = interaction["occurred_at"]
        category: str = interaction["event_category"]
        self.identity = identity_bytes(interaction["event_id"])
        self.moment: Moment = occurred_at.to_bytes(TIME_BYTES, "big") + self.identity
        self.occurred_at = occurred_at
        self.received_at: int = interaction["received_at"]
        self.event_type: str = interaction["event_type"]
        self.is_view = category == _VIEW
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
    try:
        identity = unhexlify(event_id.replace("-", ""))
    except ValueError:
        identity = b""
    if len(identity) != IDENTITY_BYTES:
        raise ValueError("the event id is no UUID")
    return identity
