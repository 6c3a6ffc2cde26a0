"""Answers to questions about perfumes, as plain values."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from stream_processors.engine.table import Table
from stream_processors.live.answers import NotHere, readable
from stream_processors.perfumes import windows
from stream_processors.perfumes.figures import figures
from stream_processors.perfumes.row import PERFUME_ROW, trend_of

TIMES = ("as_of", "last_viewed_at")
Scored = tuple[float, str]

SAME: Final = 1e-9
LOOKED_AT_AT_MOST: Final = 50_000
"""Rows for one answer: some hundred milliseconds, for which nothing else moves."""


@dataclass(frozen=True, slots=True)
class LivePerfumes:
    """Reads committed rows. `tables` gives a partition's tables, None where this worker has it not."""

    tables: Callable[[int], Sequence[Table[Any]] | None]
    home_partition: Callable[[str], int]
    partitions: int
    now_ms: Callable[[], int]
    generation: int = 0

    def perfume(self, perfume_id: str) -> Mapping[str, Any] | None:
        """The figures as of the newest event; None where there is no such perfume. Raises NotHere."""
        tables = self.tables(self.home_partition(perfume_id))
        if tables is None:
            raise NotHere
        packed = tables[0].committed.get(perfume_id)
        if packed is None:
            return None
        return readable(figures(perfume_id, PERFUME_ROW.unpack(packed), self.generation), TIMES)

    def trending(self, limit: int) -> Mapping[str, Any]:
        """The share of this worker: its partitions, and of these the perfumes with the highest scores now.

        Perfumes whose score is 0 are left out. Raises NotHere.
        """
        moment = self.now_ms()
        held = {number: tables[0] for number in range(self.partitions) if (tables := self.tables(number))}
        ranked = heapq.merge(*map(_ranked, held.values()), key=lambda row: (-row[0], row[1]))
        best = top(limit, moment, ranked)
        return {
            "partitions": sorted(held),
            "perfumes": [{"perfume_id": perfume, "trending_score": score} for score, perfume in best],
        }


def merged(shares: Sequence[Mapping[str, Any]], limit: int) -> Mapping[str, Any]:
    """The shares of all workers as one answer."""
    rows = chain.from_iterable(share["perfumes"] for share in shares)
    return {"perfumes": sorted(rows, key=lambda row: (-row["trending_score"], row["perfume_id"]))[:limit]}


def top(limit: int, moment: int, ranked: Iterable[tuple[float, str, bytes]]) -> list[Scored]:
    """The `limit` highest scores at a moment (epoch ms), from perfumes in order of rank, highest first.

    Looks only as far as a rank can still give a score among them: rank bounds the score from above (a
    threshold algorithm, Fagin et al. 2003). Of scores that agree in nine digits any may come first.

    Raises NotHere where ranks lag so far behind the moment that it would take too long: they catch up.
    """
    best: list[tuple[float, int, str]] = []  # a heap; of equal scores the one that came last is on top
    for looked_at, (rank, perfume_id, packed) in enumerate(ranked):
        if len(best) == limit and windows.score_bound(rank, moment) <= best[0][0] * (1 + SAME):
            break
        if looked_at == LOOKED_AT_AT_MOST:
            raise NotHere
        scored = (trend_of(packed).score_at(moment), -looked_at, perfume_id)
        if scored[0] <= 0:
            continue
        if len(best) < limit:
            heapq.heappush(best, scored)
        elif scored > best[0]:
            heapq.heapreplace(best, scored)
    return [(score, perfume_id) for score, _, perfume_id in sorted(best, reverse=True)]


def _ranked(table: Table[Any]) -> Iterator[tuple[float, str, bytes]]:
    for rank, key in table.ranking.best_first():
        yield rank, key, table.committed[key]
