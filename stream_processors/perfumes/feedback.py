"""What became of one recommended perfume with one viewer: flags that only rise, times that only fall."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar

from stream_processors.perfumes.event import Moment, PerfumeEvent, Recommendation, ids_of
from stream_processors.perfumes.packing import RowFormat

FLAGS: Final = ("viewed", "clicked", "added_to_wishlist", "added_to_collection", "rated", "hidden")
"""Their order is that of the packed row."""

RAISES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PERFUME_VIEW": "viewed",
        "RECOMMENDATION_CLICKED": "clicked",
        "SIMILAR_CLICKED": "clicked",
        "WISHLIST_ADD": "added_to_wishlist",
        "COLLECTION_ADD": "added_to_collection",
        "RATING_COMPLETED": "rated",
        "RECOMMENDATION_HIDDEN": "hidden",
    }
)
"""Which flag an event raises, by its type."""

Value = TypeVar("Value", int, str)
Told = tuple[Moment, Value]
"""A value and the moment of the event that told it; where two moments tie, the values decide."""


@dataclass(slots=True)
class FeedbackRow:
    """`events` = 0 only before the first is folded in. Times are epoch ms."""

    events: int = 0
    source: Told[str] | None = None
    algorithm: Told[str] | None = None
    position: Told[int] | None = None
    thumbs: Told[str] | None = None
    flags: set[str] = field(default_factory=set)
    impression_at: int | None = None
    first_interaction_at: int | None = None


def apply(row: FeedbackRow, event: PerfumeEvent) -> None:
    """Fold an event that carries the row's recommendation into the row, in place."""
    row.events += 1
    if event.recommendation is not None:
        _fold_told(row, event.moment, event.recommendation)
    flag = RAISES.get(event.event_type)
    if flag is not None:
        row.flags.add(flag)
    if event.event_type == "RECOMMENDATION_SHOWN":
        row.impression_at = _earliest(row.impression_at, event.moment.at)
    else:
        row.first_interaction_at = _earliest(row.first_interaction_at, event.moment.at)


def _fold_told(row: FeedbackRow, moment: Moment, told: Recommendation) -> None:
    row.source = _first_told(row.source, moment, told.source)
    row.algorithm = _first_told(row.algorithm, moment, told.algorithm)
    row.position = _first_told(row.position, moment, told.position)
    if told.thumbs is not None:
        thumbs = (moment, told.thumbs)
        row.thumbs = thumbs if row.thumbs is None else max(row.thumbs, thumbs)


def figures(key: str, row: FeedbackRow, generation: int) -> dict[str, Any]:
    """The RecommendationFeedback record (schemas/avro/recommendation_feedback.avsc) of the row with this key.

    Times in epoch ms.
    """
    recommendation_id, viewer, perfume_id = ids_of(key)
    return {
        "recommendation_id": recommendation_id,
        "viewer": viewer,
        "perfume_id": perfume_id,
        "generation": generation,
        "revision": row.events,
        "source": row.source and row.source[1],
        "algorithm": row.algorithm and row.algorithm[1],
        "position": row.position and row.position[1],
        **{flag: flag in row.flags for flag in FLAGS},
        "thumbs": row.thumbs and row.thumbs[1],
        "impression_at": row.impression_at,
        "first_interaction_at": row.first_interaction_at,
    }


def _first_told(known: Told[Value] | None, moment: Moment, value: Value | None) -> Told[Value] | None:
    if value is None:
        return known
    told = (moment, value)
    return told if known is None else min(known, told)


def _earliest(known: int | None, at: int) -> int:
    return at if known is None else min(known, at)


def _body(row: FeedbackRow) -> list[Any]:
    return [
        row.source,
        row.algorithm,
        row.position,
        row.thumbs,
        [flag in row.flags for flag in FLAGS],
        row.impression_at,
        row.first_interaction_at,
    ]


def _restore(events: int, body: list[Any]) -> FeedbackRow:
    source, algorithm, position, thumbs, raised, impression_at, first_interaction_at = body
    return FeedbackRow(
        events,
        _told(source),
        _told(algorithm),
        _told(position),
        _told(thumbs),
        {flag for flag, up in zip(FLAGS, raised, strict=True) if up},
        impression_at,
        first_interaction_at,
    )


def _told(packed: Iterable[Any] | None) -> Any:
    if packed is None:
        return None
    moment, value = packed
    return Moment(*moment), value


FEEDBACK_ROW: Final = RowFormat("recommendation-feedback", 2, _body, _restore)
