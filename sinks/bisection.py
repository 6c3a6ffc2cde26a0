"""Which rows of a batch the database refuses, found by halving."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def refused(items: Sequence[Item], refusal: Callable[[Sequence[Item]], str | None]) -> list[tuple[Item, str]]:
    """Each item that is refused on its own, with the refusal's words.

    `refusal` tries a part without keeping anything and says why it was refused, or None. It is called about
    2 * log2(n) times per refused item. Rows that are refused only together do not exist here: keys are
    unique within a batch, and there are no constraints between rows.
    """
    words = refusal(items) if items else None
    if words is None:
        return []
    if len(items) == 1:
        return [(items[0], words)]
    middle = len(items) // 2
    return refused(items[:middle], refusal) + refused(items[middle:], refusal)
