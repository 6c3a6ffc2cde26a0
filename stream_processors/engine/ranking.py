"""The committed rows of a table in order of rank, kept up to date row by row: nobody sorts on a question."""

import math
from collections.abc import Iterable, Iterator

from sortedcontainers import SortedList


class Ranking:
    """Keys by rank, equal ones by key. A rank of minus infinity is none: the key is not kept."""

    def __init__(self, ranks: Iterable[tuple[str, float]] = ()) -> None:
        self._rank = {key: rank for key, rank in ranks if rank > -math.inf}
        self._order: SortedList[tuple[float, str]] = SortedList(
            (-rank, key) for key, rank in self._rank.items()
        )

    def __len__(self) -> int:
        return len(self._rank)

    def place(self, key: str, rank: float) -> None:
        """Put the key where it belongs now; logarithmic in the number of keys."""
        if self._rank.get(key) == rank:
            return
        self.drop(key)
        if rank > -math.inf:
            self._rank[key] = rank
            self._order.add((-rank, key))

    def drop(self, key: str) -> None:
        """Forget the key, where it is known."""
        known = self._rank.pop(key, None)
        if known is not None:
            self._order.remove((-known, key))

    def best_first(self) -> Iterator[tuple[float, str]]:
        """Rank and key, highest first; not to be held across a change."""
        for negated, key in self._order:
            yield -negated, key
