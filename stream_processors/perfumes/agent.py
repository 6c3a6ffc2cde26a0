"""The perfume agent: perfume activity in; perfume, affinity and recommendation feedback rows out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple

from schemas.reasons import Stage
from schemas.topics import (
    AFFINITIES,
    AFFINITY_CHANGELOG,
    FEEDBACK_CHANGELOG,
    PERFUME_ACTIVITY,
    PERFUME_CHANGELOG,
    PERFUME_STATS,
    RECOMMENDATION_FEEDBACK,
    Topic,
)
from stream_processors.engine.job import PartitionView
from stream_processors.engine.table import Table
from stream_processors.engine.table_spec import Row, TableSpec
from stream_processors.perfumes import affinity, feedback, reducer, windows
from stream_processors.perfumes.affinity import ACTS, AFFINITY_ROW, AffinityRow
from stream_processors.perfumes.event import PerfumeEvent, compound_key, perfume_event
from stream_processors.perfumes.feedback import FEEDBACK_ROW, FeedbackRow
from stream_processors.perfumes.figures import figures
from stream_processors.perfumes.packing import due_of, rank_of
from stream_processors.perfumes.row import PERFUME_ROW, PerfumeRow, trend_of
from wire.codec import Encode

APPLIED = "applied"
RANKED_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Encoders:
    """To bytes of the three public topics. Each raises ValueError or TypeError for a value that is not."""

    stats: Encode
    affinity: Encode
    feedback: Encode


class PerfumeAgent:
    """The job that turns PerfumeActivity into three tables' rows (engine.job.Job).

    All three live in the perfume's partition, so that one transaction changes them together.
    """

    application: ClassVar[str] = "perfume-agent"
    stage: ClassVar[Stage] = Stage.PERFUME_AGENT
    source: ClassVar[Topic] = PERFUME_ACTIVITY

    def __init__(
        self,
        decode: Callable[[bytes | None], Mapping[str, Any]],
        encode: Encoders,
        check_home: Callable[[str, int], None],
        now_ms: Callable[[], int],
        generation: int = 0,
    ) -> None:
        """`check_home` raises InvalidRecord for a perfume id that another partition keeps.

        `now_ms` is the wall clock that trending is asked by, epoch ms.
        """
        self.decode = decode
        self._check_home = check_home
        self._now_ms = now_ms
        self._perfumes = _perfumes(encode.stats, generation)
        self._affinities = _affinities(encode.affinity, generation)
        self._feedback = _feedback(encode.feedback, generation)

    @property
    def tables(self) -> Sequence[TableSpec[Any]]:
        return (self._perfumes, self._affinities, self._feedback)

    def apply(self, partition: PartitionView, value: Mapping[str, Any], appended_at: int) -> str:
        """One PerfumeActivity, folded into the rows it concerns.

        All of them are fetched before the first is changed: from there on nothing can fail.
        """
        event = perfume_event(value)
        perfumes, affinities, feedbacks = partition.tables
        row = perfumes.get(event.perfume_id) or self._first_row(partition, event.perfume_id)
        act = _fetch(affinities, _affinity_key(event))
        told = _fetch(feedbacks, _feedback_key(event))

        before = after = affinity.NO_STANDING
        if act is not None:
            before, after = affinity.apply(act.row, event)
            affinities.put(act.key, act.row)
        if told is not None:
            feedback.apply(told.row, event)
            feedbacks.put(told.key, told.row)
        reducer.apply(row, event, before, after)
        perfumes.put(event.perfume_id, row)
        return APPLIED

    def tick(self, partition: PartitionView, now: int) -> None:
        """No row falls due; only ranks do, as weights leave the 14 days with nothing else happening.

        Not at the partition's `now`: trending is asked for by the wall clock, and ranks serve nothing else.
        """
        table: Table[PerfumeRow] = partition.tables[0]
        moment = self._now_ms()
        for perfume_id in list(table.agenda.due(moment, RANKED_AT_A_TIME)):
            packed = table.committed.get(perfume_id)
            if packed is not None:
                hours = windows.within(trend_of(packed).hours, moment)
                table.rank(perfume_id, windows.trending_rank(hours), windows.leaves_at(hours))

    def _first_row(self, partition: PartitionView, perfume_id: str) -> PerfumeRow:
        """A new row, unless the perfume lives in another partition: two rows would each count a part."""
        self._check_home(perfume_id, partition.number)
        return PerfumeRow()


class _Fetched(NamedTuple, Generic[Row]):
    key: str
    row: Row


def _fetch(table: Table[Row], key: str | None) -> _Fetched[Row] | None:
    """The row of that key, a new one where there is none yet; None for no key."""
    return None if key is None else _Fetched(key, table.get(key) or table.spec.new())


def _affinity_key(event: PerfumeEvent) -> str | None:
    return compound_key(event.perfume_id, event.viewer) if event.event_type in ACTS else None


def _feedback_key(event: PerfumeEvent) -> str | None:
    if event.recommendation is None:
        return None
    return compound_key(event.recommendation.id, event.viewer, event.perfume_id)


def _perfumes(encode: Encode, generation: int) -> TableSpec[PerfumeRow]:
    return TableSpec(
        name="perfume-stats",
        changelog=PERFUME_CHANGELOG,
        public=PERFUME_STATS,
        new=PerfumeRow,
        pack=PERFUME_ROW.pack,
        unpack=PERFUME_ROW.unpack,
        publish=lambda perfume_id, row: encode(figures(perfume_id, row, generation)),
        rank=rank_of,
        due=due_of,
    )


def _affinities(encode: Encode, generation: int) -> TableSpec[AffinityRow]:
    return TableSpec(
        name="affinities",
        changelog=AFFINITY_CHANGELOG,
        public=AFFINITIES,
        new=AffinityRow,
        pack=AFFINITY_ROW.pack,
        unpack=AFFINITY_ROW.unpack,
        publish=lambda key, row: encode(affinity.figures(key, row, generation)),
    )


def _feedback(encode: Encode, generation: int) -> TableSpec[FeedbackRow]:
    return TableSpec(
        name="recommendation-feedback",
        changelog=FEEDBACK_CHANGELOG,
        public=RECOMMENDATION_FEEDBACK,
        new=FeedbackRow,
        pack=FEEDBACK_ROW.pack,
        unpack=FEEDBACK_ROW.unpack,
        publish=lambda key, row: encode(feedback.figures(key, row, generation)),
    )
