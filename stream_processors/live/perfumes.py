"""Answers to questions about perfumes, as plain values."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

from stream_processors.engine.table import Table
from stream_processors.live.answers import NotHere, readable
from stream_processors.perfumes import windows
from stream_processors.perfumes.agent import GENERATION
from stream_processors.perfumes.figures import figures, trending_at
from stream_processors.perfumes.row import PERFUME_ROW

TIMES = ("as_of", "last_viewed_at")
Scored = tuple[float, str]


@dataclass(frozen=True, slots=True)
class LivePerfumes:
    """Reads committed rows. `tables` gives a partition's tables, None where this worker has it not."""

    tables: Callable[[int], Sequence[Table[Any]] | None]
    home_partition: Callable[[str], int]
    partitions: int
    now_ms: Callable[[], int]

    def perfume(self, perfume_id: str) -> Mapping[str, Any] | None:
        """The figures as of the newest event; None where there is no such perfume. Raises NotHere."""
        tables = self.tables(self.home_partition(perfume_id))
        if tables is None:
            raise NotHere
        packed = tables[0].committed.get(perfume_id)
        if packed is None:
            return None
        return readable(figures(perfume_id, PERFUME_ROW.unpack(packed), GENERATION), TIMES)

    def trending(self, limit: int) -> Mapping[str, Any]:
        """The share of this worker: its partitions, and of these the perfumes with the highest scores now."""
        moment = self.now_ms()
        held = {number: tables[0] for number in range(self.partitions) if (tables := self.tables(number))}
        ranked = [_ranked(table) for table in held.values()]
        best = top(limit, moment, heapq.merge(*ranked, key=itemgetter(0), reverse=True))
        return {
            "partitions": sorted(held),
            "perfumes": [{"perfume_id": perfume, "trending_score": score} for score, perfume in best],
        }


def merged(shares: Sequence[Mapping[str, Any]], limit: int) -> Mapping[str, Any]:
    """The shares of all workers as one answer."""
    rows = chain.from_iterable(share["perfumes"] for share in shares)
    return {"perfumes": sorted(rows, key=lambda row: (-row["trending_score"], row["perfume_id"]))[:limit]}


def top(limit: int, moment: int, ranked: Iterator[tuple[float, str, bytes]]) -> list[Scored]:
    """The `limit` highest scores at a moment (epoch ms), from perfumes in order of rank, highest first.

    Looks only as far as a rank can still give a score among them: rank bounds the score from above (a
    threshold algorithm, Fagin et al. 2003).
    """
    best: list[Scored] = []
    for rank, perfume_id, packed in ranked:
        if len(best) == limit and windows.score_bound(rank, moment) < best[0][0]:
            break
        scored = (trending_at(PERFUME_ROW.unpack(packed), moment), perfume_id)
        if len(best) < limit:
            heapq.heappush(best, scored)
        elif scored > best[0]:
            heapq.heapreplace(best, scored)
    return sorted(best, key=lambda scored: (-scored[0], scored[1]))


def _ranked(table: Table[Any]) -> Iterator[tuple[float, str, bytes]]:
    for rank, key in table.ranking.best_first():
        yield rank, key, table.committed[key]
