"""The committed rows of a table in order of rank, kept up to date row by row: nobody sorts on a question."""

from collections.abc import Iterable, Iterator

from sortedcontainers import SortedList


class Ranking:
    """Keys by rank."""

    def __init__(self, ranks: Iterable[tuple[str, float]] = ()) -> None:
        self._rank = dict(ranks)
        self._order: SortedList[tuple[float, str]] = SortedList(
            (rank, key) for key, rank in self._rank.items()
        )

    def place(self, key: str, rank: float) -> None:
        """Put the key where it belongs now; logarithmic in the number of keys."""
        known = self._rank.get(key)
        if known == rank:
            return
        if known is not None:
            self._order.remove((known, key))
        self._rank[key] = rank
        self._order.add((rank, key))

    def best_first(self) -> Iterator[tuple[float, str]]:
        """Rank and key, highest first; not to be held across a change."""
        return iter(reversed(self._order))
