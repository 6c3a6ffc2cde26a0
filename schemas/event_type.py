"""The vocabulary the catalogue is written in: category, event type, known eventData key."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

RATING_MIN: Final = 1
RATING_MAX: Final = 5
RATING_ASPECTS: Final = ("overall", "longevity", "sillage", "priceValue", "gender")


class Category(StrEnum):
    VIEW = "VIEW"
    SEARCH = "SEARCH"
    FILTER = "FILTER"
    RATING = "RATING"
    REVIEW = "REVIEW"
    COLLECTION = "COLLECTION"
    WISHLIST = "WISHLIST"
    ENGAGEMENT = "ENGAGEMENT"
    SOCIAL = "SOCIAL"
    NAVIGATION = "NAVIGATION"
    CONVERSION = "CONVERSION"


class Kind(StrEnum):
    """The JSON shape of an eventData value."""

    TEXT = "text"
    ID = "id"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    TEXTS = "texts"
    DISTINCT_IDS = "distinct_ids"
    RATINGS = "ratings"
    ANY = "any"

    # Members are keys of a table that every event's data is looked up in: Enum's own hash is slow.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class DataKey:
    """A known key of eventData. Unknown keys are kept; known ones are checked.

    `minimum` and `maximum` bound a number, or the length of a list.
    """

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """One row of the catalogue.

    `requires` names envelope fields (camelCase, as clients send them) beside eventType and path.
    """

    name: str
    category: Category
    requires: tuple[str, ...] = ()
    keys: tuple[DataKey, ...] = ()
