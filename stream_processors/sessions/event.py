"""What a session learns from one event, read out of an Interaction before any row is touched.

Whatever can be wrong with an event shows up here, so that folding it into a row cannot fail half-way.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from schemas.event_type import Category
from schemas.storable import is_canonical_uuid

INTERACTION_CATEGORIES = frozenset({Category.RATING, Category.REVIEW, Category.COLLECTION, Category.WISHLIST})


class Moment(NamedTuple):
    """When an event happened, in an order without ties: epoch milliseconds, then event id."""

    at: int
    event_id: str


class SessionEvent(NamedTuple):
    """One event as a session sees it."""

    moment: Moment
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

    Raises KeyError or TypeError where it is not one.
    """
    event_id: str = interaction["event_id"]
    category: str = interaction["event_category"]
    return SessionEvent(
        moment=Moment(interaction["occurred_at"] + 0, event_id),
        received_at=interaction["received_at"] + 0,
        identity=identity_bytes(event_id),
        event_type=interaction["event_type"],
        is_view=category == Category.VIEW,
        is_interaction=category in INTERACTION_CATEGORIES,
        path=interaction["path"],
        perfume_id=interaction["perfume_id"],
        user_id=interaction["user_id"],
        visitor_id=interaction["visitor_id"],
        referrer=interaction["referrer"],
        device_type=interaction["device_type"],
        browser=interaction["browser"],
        os=interaction["os"],
    )


def identity_bytes(event_id: str) -> bytes:
    """Sixteen bytes that stand for the event id: the UUID's own, or a BLAKE2b hash of any other text."""
    if is_canonical_uuid(event_id):
        return bytes.fromhex(event_id.replace("-", ""))
    return blake2b(event_id.encode(), digest_size=16).digest()
