"""A worker is alive while it moves or has nothing to do; one that stands before waiting records is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.progress import GIVE_UP_AFTER_S, STUCK_AFTER_S, TAKEOVER_S, Progress
from stream_processors.errors import Stuck

BUSY, QUIET = TopicPartition("interactions", 0), TopicPartition("interactions", 1)


@dataclass
class Engine:
    """What an engine tells of itself."""

    applying: bool = True
    offsets: dict[TopicPartition, int] = field(default_factory=dict)

    def reaches(self, ends: Mapping[TopicPartition, int]) -> None:
        """Of no use here."""

    def committed(self) -> dict[TopicPartition, int]:
        return dict(self.offsets)


class Watch:
    def __init__(self, engine: Engine) -> None:
        self.now = 0.0
        self.progress = Progress(engine, lambda: self.now)

    def looks(self, ends: dict[TopicPartition, int], seconds: float) -> str | None:
        """Looks now, and after these seconds."""
        self.progress.look(ends)
        self.now += seconds
        self.progress.look(ends)
        return self.progress.not_alive()


def test_a_quiet_partition_keeps_its_worker_alive_however_long() -> None:
    watch = Watch(Engine(offsets={QUIET: 7}))
    assert watch.looks({QUIET: 7}, seconds=100 * STUCK_AFTER_S) is None


def test_a_worker_that_stands_before_waiting_records_is_not_alive() -> None:
    watch = Watch(Engine(offsets={BUSY: 7, QUIET: 7}))
    assert watch.looks({BUSY: 9, QUIET: 7}, seconds=STUCK_AFTER_S) is None
    stuck = watch.looks({BUSY: 9, QUIET: 7}, seconds=1)
    assert stuck == "interactions[0] has stood at 7 for 61 s with 2 records waiting"


def test_records_that_come_after_a_long_silence_are_given_their_time() -> None:
    watch = Watch(Engine(offsets={BUSY: 7}))
    assert watch.looks({BUSY: 7}, seconds=100 * STUCK_AFTER_S) is None
    assert watch.looks({BUSY: 9}, seconds=1) is None


def test_one_commit_is_progress_with_however_many_records_still_to_go() -> None:
    engine = Engine(offsets={BUSY: 7})
    watch = Watch(engine)
    for _ in range(5):
        assert watch.looks({BUSY: 10**9}, seconds=STUCK_AFTER_S - 1) is None
        engine.offsets[BUSY] += 1


def test_a_loop_that_hangs_while_looks_stop_is_seen_by_the_clock_alone() -> None:
    watch = Watch(Engine(offsets={BUSY: 7}))
    watch.progress.look({BUSY: 9})
    watch.now += STUCK_AFTER_S + 1
    assert watch.progress.not_alive() is not None


def test_a_rebalance_may_take_minutes_but_not_for_ever() -> None:
    watch = Watch(Engine(applying=False))
    assert watch.looks({}, seconds=TAKEOVER_S) is None
    assert watch.looks({}, seconds=1) == f"rebalancing, or loading rows, for {TAKEOVER_S + 1:.0f} s"


def test_a_worker_without_partitions_waits_for_some_and_is_alive() -> None:
    assert Watch(Engine()).looks({}, seconds=100 * TAKEOVER_S) is None


def test_a_partition_that_went_and_came_back_begins_anew() -> None:
    engine = Engine(offsets={BUSY: 7})
    watch = Watch(engine)
    watch.looks({BUSY: 9}, seconds=STUCK_AFTER_S)
    engine.offsets = {}
    watch.looks({}, seconds=1)
    engine.offsets = {BUSY: 7}
    assert watch.looks({BUSY: 9}, seconds=STUCK_AFTER_S) is None


def test_where_kafka_never_told_the_end_nobody_is_blamed() -> None:
    watch = Watch(Engine(offsets={BUSY: 7}))
    assert watch.looks({}, seconds=100 * STUCK_AFTER_S) is None
    assert watch.progress.look({BUSY: 9}) == {BUSY: 2}


def test_a_look_that_kafka_does_not_answer_gives_a_stuck_partition_no_new_time() -> None:
    watch = Watch(Engine(offsets={BUSY: 7}))
    assert watch.looks({BUSY: 9}, seconds=STUCK_AFTER_S - 1) is None
    assert watch.progress.look({}) == {BUSY: None}
    watch.now += 2
    assert watch.progress.not_alive() is not None


def test_a_worker_that_stays_stuck_ends_itself_and_one_that_moves_again_does_not() -> None:
    engine = Engine(offsets={BUSY: 7})
    watch = Watch(engine)
    watch.looks({BUSY: 9}, seconds=STUCK_AFTER_S + 1)
    watch.progress.give_up()
    engine.offsets[BUSY] += 1
    assert watch.looks({BUSY: 9}, seconds=0) is None
    watch.progress.give_up()
    watch.now += GIVE_UP_AFTER_S
    watch.progress.give_up()
    watch.now += 1
    with pytest.raises(Stuck, match="stood at 8"):
        watch.progress.give_up()
