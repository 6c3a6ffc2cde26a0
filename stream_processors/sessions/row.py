"""The state behind one session's figures, and its bytes in the changelog.

Everything kept is a count, a minimum, a maximum or a set, so that the same events give the same figures in
whatever order they come.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgpack

from schemas.avro_binary import written_text
from schemas.avro_binary_reading import text
from stream_processors.errors import UnreadableRow
from stream_processors.sessions.event import IDENTITY_BYTES, MOMENT_BYTES, Moment

PACKED_VERSION = 2
_HEADER = struct.Struct(">BBIQ")
_CLOSED, _EVICTED = 1, 2
_AGE = struct.Struct(">xB4xQ")
"""The flags and the last arrival in the header."""

_packer: Final = msgpack.Packer()
"""Made once: each has a buffer of its own."""

Told = tuple[Moment, str]
"""A text and the moment of the event that told it."""


@dataclass(slots=True)
class SessionRow:
    """What the events of one session amount to. `events` = 0 only before the first is folded in."""

    events: int = 0
    seen: set[bytes] = field(default_factory=set)
    """The identities of its events."""
    identities: bytearray = field(default_factory=bytearray)
    """The same, one after the other: what the changelog keeps, ready to be copied."""
    last_received: int = 0
    """When the latest arrival among its events came in, epoch ms."""
    closed: bool = False
    evicted: bool = False
    """Too old to change: only this header is left of it."""
    first: tuple[Moment, str, str, str, str] | None = None
    """Moment, path, device type, browser and os of the earliest event."""
    last: Told | None = None
    """Moment and path of the latest event."""
    referrer: Told | None = None
    user_id: Told | None = None
    visitor_id: Told | None = None
    page_views: int = 0
    interactions: int = 0
    searches: int = 0
    added_to_wishlist: bool = False
    added_to_collection: bool = False
    completed_rating: bool = False
    completed_review: bool = False
    view_path: str | None = None
    """A path that was viewed: which of several does not matter, only whether `more_view_paths`."""
    more_view_paths: bool = False
    perfumes: dict[str, Moment] = field(default_factory=dict)
    """Perfume id to its first appearance."""
    appearances: list[bytes] = field(default_factory=list)
    """The same in order: each a moment, and behind it the perfume id as Avro writes it."""


def pack(row: SessionRow) -> bytes:
    """The row as changelog bytes: a header, and msgpack of the rest; of an evicted row the header alone.

    Header, big-endian: version (1 byte), flags (1), events (4), last_received (8).
    """
    flags = _CLOSED * row.closed | _EVICTED * row.evicted
    header = _HEADER.pack(PACKED_VERSION, flags, row.events, row.last_received)
    if row.evicted:
        return header
    body = [
        row.identities,
        row.first,
        row.last,
        row.referrer,
        row.user_id,
        row.visitor_id,
        row.page_views,
        row.interactions,
        row.searches,
        row.added_to_wishlist,
        row.added_to_collection,
        row.completed_rating,
        row.completed_review,
        row.view_path,
        row.more_view_paths,
        row.appearances,
    ]
    packed: bytes = _packer.pack(body)
    return header + packed


def unpack(data: bytes) -> SessionRow:
    """The row in changelog bytes. Raises UnreadableRow."""
    try:
        version, flags, events, last_received = _HEADER.unpack_from(data)
        if version != PACKED_VERSION:
            raise UnreadableRow(
                f"session row of version {version}; this program reads {PACKED_VERSION}:"
                " run the version that wrote it"
            )
        if flags & _EVICTED:
            return SessionRow(events, last_received=last_received, closed=True, evicted=True)
        identities, first, last, referrer, user, visitor, *rest = msgpack.unpackb(data[_HEADER.size :])
        *figures, appearances = rest
        values: list[Any] = [
            events,
            {identities[at : at + IDENTITY_BYTES] for at in range(0, len(identities), IDENTITY_BYTES)},
            bytearray(identities),
            last_received,
            bool(flags & _CLOSED),
            False,
            None if first is None else tuple(first),
            _told(last),
            _told(referrer),
            _told(user),
            _told(visitor),
            *figures,
            dict(map(_perfume, appearances)),
            appearances,
        ]
        return SessionRow(*values)
    except (ValueError, TypeError, IndexError, struct.error, msgpack.UnpackException) as error:
        raise UnreadableRow(f"{len(data)} bytes are not a session row: {error!r}") from error


class Glance(NamedTuple):
    """What a row's header tells, without unpacking the rest."""

    events: int
    last_received: int
    closed: bool
    evicted: bool


def glance(data: bytes) -> Glance:
    """Read the header of packed bytes."""
    _version, flags, events, last_received = _HEADER.unpack_from(data)
    return Glance(events, last_received, bool(flags & _CLOSED), bool(flags & _EVICTED))


def age(data: bytes) -> tuple[int, int]:
    """What tells how old a packed row is: 1 where it is closed, 2 more where it is evicted; last_received."""
    told: tuple[int, int] = _AGE.unpack_from(data)
    return told


def appearance(moment: Moment, perfume_id: str) -> bytes:
    """An item of `SessionRow.appearances`."""
    return moment + written_text(perfume_id)


def perfume_of(appearance: bytes) -> str:
    """The perfume id in it. Raises ValueError or IndexError where there is none."""
    return text(appearance, MOMENT_BYTES)[0]


def _perfume(appearance: bytes) -> tuple[str, Moment]:
    return perfume_of(appearance), appearance[:MOMENT_BYTES]


def _told(value: Iterable[Any] | None) -> Told | None:
    if value is None:
        return None
    moment, told = value
    return moment, told
