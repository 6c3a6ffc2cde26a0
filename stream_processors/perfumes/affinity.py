"""What one viewer explicitly did about one perfume: of each kind of act the latest, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from stream_processors.perfumes.event import Moment, PerfumeEvent, ids_of
from stream_processors.perfumes.packing import RowFormat

WISHLIST: Final = frozenset({"WISHLIST_ADD", "WISHLIST_REMOVE"})
COLLECTION: Final = frozenset({"COLLECTION_ADD", "COLLECTION_UPDATE", "COLLECTION_REMOVE"})
RATING: Final = frozenset({"RATING_COMPLETED", "RATING_UPDATED"})
ACTS: Final = WISHLIST | COLLECTION | RATING

Latest = tuple[Moment, int]
"""A value and the moment of the event that gave it. The larger of two is the later; where even the event ids
tie, which only a client that makes ids badly brings about, the larger value."""


@dataclass(slots=True)
class AffinityRow:
    """`events` = 0 only before the first act is folded in."""

    events: int = 0
    wishlist: Latest | None = None
    """1: wanted."""
    collection: Latest | None = None
    """1: owned."""
    rating: Latest | None = None
    """Hundredths of a point, of the latest rating that has a value."""
    rated_at: int | None = None
    """Epoch ms of the latest rating, with a value or without."""


class Standing(NamedTuple):
    """What of an affinity its perfume's counters depend on."""

    in_wishlist: bool = False
    in_collection: bool = False
    rated: bool = False
    rating: int | None = None


NO_STANDING: Final = Standing()


def apply(row: AffinityRow, event: PerfumeEvent) -> tuple[Standing, Standing]:
    """Fold an event of one of the ACTS into the row, in place: how the viewer stood before and stands now."""
    before = standing(row)
    row.events += 1
    if event.event_type in WISHLIST:
        row.wishlist = _later(row.wishlist, event, event.event_type == "WISHLIST_ADD")
    elif event.event_type in COLLECTION:
        row.collection = _later(row.collection, event, event.event_type != "COLLECTION_REMOVE")
    else:
        row.rated_at = event.moment.at if row.rated_at is None else max(row.rated_at, event.moment.at)
        if event.rating is not None:
            row.rating = _later(row.rating, event, event.rating)
    return before, standing(row)


def standing(row: AffinityRow) -> Standing:
    """How the viewer stands to the perfume now."""
    return Standing(
        in_wishlist=bool(row.wishlist and row.wishlist[1]),
        in_collection=bool(row.collection and row.collection[1]),
        rated=row.rated_at is not None,
        rating=None if row.rating is None else row.rating[1],
    )


def figures(key: str, row: AffinityRow, generation: int) -> dict[str, Any]:
    """The Affinity record (schemas/avro/affinity.avsc) of the row with this key; times in epoch ms."""
    perfume_id, viewer = ids_of(key)
    now = standing(row)
    return {
        "perfume_id": perfume_id,
        "viewer": viewer,
        "generation": generation,
        "revision": row.events,
        "in_wishlist": now.in_wishlist,
        "wishlist_at": row.wishlist and row.wishlist[0].at,
        "in_collection": now.in_collection,
        "collection_at": row.collection and row.collection[0].at,
        "rating": None if now.rating is None else now.rating / 100,
        "rated_at": row.rated_at,
    }


def _later(known: Latest | None, event: PerfumeEvent, value: int) -> Latest:
    given = (event.moment, int(value))
    return given if known is None else max(known, given)


def _restore(events: int, body: list[Any]) -> AffinityRow:
    wishlist, collection, rating, rated_at = body
    return AffinityRow(events, _latest(wishlist), _latest(collection), _latest(rating), rated_at)


def _latest(packed: Iterable[Any] | None) -> Latest | None:
    if packed is None:
        return None
    moment, value = packed
    return Moment(*moment), value


AFFINITY_ROW: Final = RowFormat(
    "affinities", 2, lambda row: [row.wishlist, row.collection, row.rating, row.rated_at], _restore
)
