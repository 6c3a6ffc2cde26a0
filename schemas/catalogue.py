"""The event catalogue: every type, its category, what it requires and what its eventData may hold.

This table is the one definition. Validation, the OpenAPI document, the SDK's types and the reference page
are generated from it or checked against it by a test. To add a type: add a row here, run `make test`, and
follow what the failing tests name.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas import limits
from schemas.event_type import Category, DataKey, EventType, Kind


def _text(name: str, *choices: str, required: bool = False) -> DataKey:
    return DataKey(name, Kind.TEXT, required=required, choices=choices)


def _id(name: str, required: bool = False) -> DataKey:
    return DataKey(name, Kind.ID, required=required)


def _count(name: str, required: bool = False, minimum: int = 0, maximum: int = limits.INT64_MAX) -> DataKey:
    return DataKey(name, Kind.INTEGER, required=required, minimum=minimum, maximum=maximum)


def _number(name: str, minimum: int | None = None, maximum: int | None = None) -> DataKey:
    return DataKey(name, Kind.NUMBER, minimum=minimum, maximum=maximum)


def _object(name: str) -> DataKey:
    return DataKey(name, Kind.OBJECT)


def _types(category: Category, *rows: EventType) -> tuple[EventType, ...]:
    if any(row.category is not category for row in rows):
        raise ValueError(f"a row under {category} names another category")
    return rows


SOURCE = _text("source")
RECOMMENDATION = _id("recommendationId")
PERFUME = ("perfumeId",)

_VIEW = _types(
    Category.VIEW,
    EventType("PAGE_VIEW", Category.VIEW, keys=(_text("title"), SOURCE)),
    EventType("PERFUME_VIEW", Category.VIEW, PERFUME, (SOURCE, RECOMMENDATION, _count("position"))),
    EventType("HOUSE_VIEW", Category.VIEW, ("houseId",), (SOURCE,)),
    EventType("COLLECTION_VIEW", Category.VIEW, keys=(_id("targetUserId"), _count("perfumeCount"))),
)

_SEARCH = _types(
    Category.SEARCH,
    EventType(
        "SEARCH_PERFORMED",
        Category.SEARCH,
        keys=(
            _text("query", required=True),
            _object("filters"),
            _count("resultsCount", required=True),
            _text("queryType", "text", "voice", "filter_only"),
            _id("searchId"),
            DataKey("shown", Kind.DISTINCT_IDS, maximum=limits.SHOWN_PERFUMES),
        ),
    ),
    EventType(
        "SEARCH_RESULT_CLICKED",
        Category.SEARCH,
        PERFUME,
        (_text("query"), _count("position", minimum=1), _count("totalResults"), _id("searchId")),
    ),
    EventType(
        "SEARCH_REFINED",
        Category.SEARCH,
        keys=(
            _text("originalQuery"),
            _text("newQuery"),
            _object("originalFilters"),
            _object("newFilters"),
            _id("searchId"),
        ),
    ),
    EventType("SEARCH_NO_RESULTS", Category.SEARCH, keys=(_text("query", required=True), _object("filters"))),
)

_FILTER_KEYS = (
    _text("filterType"),
    DataKey("filterValue", Kind.ANY),
    _count("resultsCount"),
)
_FILTER = _types(
    Category.FILTER,
    EventType("FILTER_APPLIED", Category.FILTER, keys=(*_FILTER_KEYS, _count("previousResultsCount"))),
    EventType("FILTER_REMOVED", Category.FILTER, keys=(*_FILTER_KEYS, DataKey("previousFilters", Kind.ANY))),
    EventType("FILTER_CLEARED", Category.FILTER, keys=(*_FILTER_KEYS, DataKey("previousFilters", Kind.ANY))),
)

_RATING = _types(
    Category.RATING,
    EventType("RATING_STARTED", Category.RATING, PERFUME, (_text("category"),)),
    EventType(
        "RATING_COMPLETED",
        Category.RATING,
        PERFUME,
        (
            DataKey("ratings", Kind.RATINGS),
            _count("timeToComplete"),
            DataKey("hadPreviousRating", Kind.BOOLEAN),
            RECOMMENDATION,
        ),
    ),
    EventType(
        "RATING_UPDATED",
        Category.RATING,
        PERFUME,
        (
            DataKey("previousRatings", Kind.RATINGS),
            DataKey("newRatings", Kind.RATINGS),
            DataKey("changedCategories", Kind.TEXTS),
        ),
    ),
)

_REVIEW_KEYS = (_count("reviewLength"), _count("wordCount"), _count("timeToWrite"))
_REVIEW = _types(
    Category.REVIEW,
    EventType("REVIEW_STARTED", Category.REVIEW, PERFUME),
    EventType("REVIEW_SUBMITTED", Category.REVIEW, PERFUME, _REVIEW_KEYS),
    EventType("REVIEW_UPDATED", Category.REVIEW, PERFUME, _REVIEW_KEYS),
)

_WISHLIST_KEYS = (SOURCE, RECOMMENDATION, _text("reason"), _count("timeInWishlist"))
_WISHLIST = _types(
    Category.WISHLIST,
    EventType("WISHLIST_ADD", Category.WISHLIST, PERFUME, _WISHLIST_KEYS),
    EventType("WISHLIST_REMOVE", Category.WISHLIST, PERFUME, _WISHLIST_KEYS),
)

_COLLECTION_KEYS = (
    SOURCE,
    _number("amount"),
    _number("price"),
    _text("tradePreference"),
    DataKey("changedFields", Kind.TEXTS),
    _text("reason"),
    RECOMMENDATION,
)
_COLLECTION = _types(
    Category.COLLECTION,
    EventType("COLLECTION_ADD", Category.COLLECTION, PERFUME, _COLLECTION_KEYS),
    EventType("COLLECTION_UPDATE", Category.COLLECTION, PERFUME, _COLLECTION_KEYS),
    EventType("COLLECTION_REMOVE", Category.COLLECTION, PERFUME, _COLLECTION_KEYS),
)

_IMAGE_KEYS = (_count("imageIndex"), DataKey("zoomed", Kind.BOOLEAN), _number("zoomLevel", minimum=0))
_NOTES_KEYS = (_text("noteType", "open", "heart", "base"),)
_RECOMMENDATION_KEYS = (
    _id("recommendationId", required=True),
    _text("source", "homepage", "detail_page", "search", "email"),
    _text("algorithm"),
    _count("position"),
    _number("confidence"),
    _number("similarityScore"),
    _text("thumbs", "up", "down"),
    _text("reason"),
)
_ENGAGEMENT = _types(
    Category.ENGAGEMENT,
    EventType("IMAGE_VIEWED", Category.ENGAGEMENT, PERFUME, _IMAGE_KEYS),
    EventType("IMAGE_ZOOMED", Category.ENGAGEMENT, PERFUME, _IMAGE_KEYS),
    EventType("NOTES_EXPANDED", Category.ENGAGEMENT, PERFUME, _NOTES_KEYS),
    EventType("NOTES_COLLAPSED", Category.ENGAGEMENT, PERFUME, _NOTES_KEYS),
    EventType(
        "SIMILAR_CLICKED",
        Category.ENGAGEMENT,
        PERFUME,
        (_id("targetPerfumeId"), _count("position"), _text("similarityReason"), RECOMMENDATION),
    ),
    EventType("HOUSE_LINK_CLICKED", Category.ENGAGEMENT, ("houseId",), (_text("location"),)),
    EventType(
        "VIEW_ENDED",
        Category.ENGAGEMENT,
        ("duration", "eventData"),
        (
            _id("viewEventId", required=True),
            _text("viewType", "PERFUME_VIEW", "HOUSE_VIEW", "PAGE_VIEW", required=True),
            _count("segment", required=True, minimum=1),
            _number("scrollDepth", minimum=0, maximum=100),
            _count("timeToInteraction"),
        ),
    ),
    *(
        EventType(f"RECOMMENDATION_{act}", Category.ENGAGEMENT, PERFUME, _RECOMMENDATION_KEYS)
        for act in ("SHOWN", "CLICKED", "RATED", "HIDDEN")
    ),
)

_SOCIAL_KEYS = (
    _id("targetUserId"),
    SOURCE,
    _text("method"),
    _text("platform"),
    _text("offerType"),
)
_NAVIGATION_KEYS = (
    _text("linkText"),
    _text("targetPath"),
    _text("menuType"),
    _text("previousPath"),
    _text("url"),
)
_CONVERSION_KEYS = (_id("tradeId"), _text("offerType"), _text("reason"))


def _alike(category: Category, keys: tuple[DataKey, ...], *names: str) -> tuple[EventType, ...]:
    return tuple(EventType(name, category, keys=keys) for name in names)


_REST = (
    *_alike(Category.SOCIAL, _SOCIAL_KEYS, "PROFILE_VIEWED", "COLLECTION_SHARED", "TRADE_INQUIRY"),
    *_alike(Category.NAVIGATION, _NAVIGATION_KEYS, "NAVIGATION_CLICK", "BACK_BUTTON", "EXTERNAL_LINK"),
    *_alike(Category.CONVERSION, _CONVERSION_KEYS, "TRADE_OFFERED", "TRADE_ACCEPTED", "TRADE_DECLINED"),
    *_alike(Category.CONVERSION, _CONVERSION_KEYS, "PURCHASE_INITIATED", "PURCHASE_COMPLETED"),
)

CATALOGUE: Final[Mapping[str, EventType]] = MappingProxyType(
    {
        row.name: row
        for row in (
            *_VIEW,
            *_SEARCH,
            *_FILTER,
            *_RATING,
            *_REVIEW,
            *_WISHLIST,
            *_COLLECTION,
            *_ENGAGEMENT,
            *_REST,
        )
    }
)
"""Every event type by its name."""

VIEW_ENDED_TARGET: Final[Mapping[str, str]] = MappingProxyType(
    {"PERFUME_VIEW": "perfumeId", "HOUSE_VIEW": "houseId"}
)
"""Which id a VIEW_ENDED needs, by the viewType it ends."""
