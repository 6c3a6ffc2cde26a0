"""The three tables are what a brute-force reading of the distinct events says, whatever happens meanwhile."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.errors import LoudStop
from stream_processors.perfumes.affinity import ACTS
from stream_processors.perfumes.agent import PerfumeAgent
from tests.oracle.perfumes import expected_affinities, expected_feedback, expected_perfumes
from tests.unit.streams.engine_fakes import FakeRecord, batch
from tests.unit.streams.events import consistent_retries
from tests.unit.streams.perfume_events import DENSE, RECOMMENDATIONS, VIEWS, of_perfume, perfume_interactions
from tests.unit.streams.perfume_rig import (
    DECODE,
    ENCODE,
    Published,
    Worker,
    forwarded,
    home_partition,
    perfume_partition,
)


@st.composite
def logs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events of many types, or many events of few types: then the same rows are met again and again."""
    types = draw(st.sampled_from([DENSE, VIEWS, ACTS, RECOMMENDATIONS]))
    fewest = draw(st.sampled_from([0, 20]))
    return consistent_retries(draw(st.lists(perfume_interactions(types), min_size=fewest, max_size=40)))


def expected(log: list[dict[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {
        "perfume-stats": {key: nearly(row) for key, row in expected_perfumes(log).items()},
        "affinities": expected_affinities(log),
        "recommendation-feedback": expected_feedback(log),
    }


def nearly(row: dict[str, Any]) -> dict[str, Any]:
    """Only the score may differ, in its last digits: the oracle adds and halves in another way."""
    return row | {"trending_score": pytest.approx(row["trending_score"], rel=1e-12)}


def published(worker: Worker) -> Published:
    worker.flush()
    return {
        topic: worker.published[topic] for topic in ("perfume-stats", "affinities", "recommendation-feedback")
    }


@given(logs(), st.randoms(), st.data())
def test_any_interleaving_flush_cut_and_takeover_publishes_the_brute_force_rows(
    log: list[dict[str, Any]], random: Any, data: st.DataObject
) -> None:
    records = forwarded(log)
    random.shuffle(records)
    flushes = data.draw(st.frozensets(st.integers(0, len(records))))
    takeovers = data.draw(st.frozensets(st.sampled_from(sorted(flushes)))) if flushes else frozenset()
    worker = Worker()
    for at, (perfume_id, value) in enumerate(records):
        worker.read(perfume_id, value)
        if at in flushes:
            worker.flush()
        if at in takeovers:
            worker.take_over()
    assert published(worker) == expected(log)


@given(logs(), st.randoms())
def test_two_orders_of_the_same_events_publish_the_same_to_the_last_bit(
    log: list[dict[str, Any]], random: Any
) -> None:
    records, straight, shuffled = forwarded(log), Worker(), Worker()
    for record in records:
        straight.read(*record)
    random.shuffle(records)
    for record in records:
        shuffled.read(*record)
    assert published(shuffled) == published(straight)


def test_one_act_changes_its_three_rows_in_one_transaction() -> None:
    act = of_perfume("WISHLIST_ADD", {"recommendationId": "r-1"}, visitor_id="ann")
    ((perfume_id, value),) = forwarded([act])
    number = home_partition(perfume_id)
    partition = perfume_partition(number)
    partition.apply(batch(0, 1), [FakeRecord(0, value)], 1)
    flush = partition.take_flush()
    assert flush.outcomes == {"applied": 1}
    assert {(topic, records[0][0]) for (topic, _), records in flush.records.items()} == {
        ("t.perfume-stats", b"p-1"),
        ("t.perfume-agent-perfumes-changelog", b"p-1"),
        ("t.affinities", b'["p-1","v:ann"]'),
        ("t.perfume-agent-affinities-changelog", b'["p-1","v:ann"]'),
        ("t.recommendation-feedback", b'["r-1","v:ann","p-1"]'),
        ("t.perfume-agent-feedback-changelog", b'["r-1","v:ann","p-1"]'),
    }
    assert {partition for _, partition in flush.records} == {number}, "all where the perfume lives"


def test_a_view_makes_a_perfume_row_and_neither_affinity_nor_feedback() -> None:
    worker = Worker()
    for record in forwarded([of_perfume("PERFUME_VIEW")]):
        worker.read(*record)
    rows = published(worker)
    assert list(rows["perfume-stats"]) == ["p-1"]
    assert rows["affinities"] == rows["recommendation-feedback"] == {}


def test_a_perfume_in_another_partition_than_its_own_is_refused() -> None:
    ((perfume_id, value),) = forwarded([of_perfume()])
    partition = perfume_partition((home_partition(perfume_id) + 1) % 3)
    partition.apply(batch(0, 1), [FakeRecord(0, value)], 1)
    assert partition.take_flush().outcomes == {"invalid_record": 1}


def test_an_activity_of_a_type_from_the_future_counts_as_an_event_and_no_more() -> None:
    ((perfume_id, value),) = forwarded([of_perfume()])
    activity = DECODE["perfume_activity"](value) | {"event_type": "SMELLED_FROM_AFAR"}
    worker = Worker()
    worker.read(perfume_id, ENCODE["perfume_activity"](activity))
    row = published(worker)["perfume-stats"]["p-1"]
    assert (row["revision"], row["total_views"], row["trending_score"]) == (1, 0, 0.0)


def test_a_row_that_cannot_be_read_stops_the_worker_before_any_table_is_changed() -> None:
    act = of_perfume("WISHLIST_ADD", {"recommendationId": "r-1"}, visitor_id="ann")
    ((perfume_id, value),) = forwarded([act])
    damaged: tuple[dict[str, bytes], ...] = ({}, {}, {'["r-1","v:ann","p-1"]': b"\x01damaged"})
    partition = perfume_partition(home_partition(perfume_id), damaged)
    with pytest.raises(LoudStop, match="not a row of recommendation-feedback"):
        partition.apply(batch(0, 1), [FakeRecord(0, value)], 1)
    assert not partition.dirty


def test_the_agent_keeps_the_engine_s_promise_of_three_tables_with_topics_of_their_own() -> None:
    agent = perfume_partition(0).job
    assert isinstance(agent, PerfumeAgent)
    topics = [topic for spec in agent.tables for topic in (spec.changelog, spec.public)]
    assert len({topic.name for topic in topics}) == 6
    assert {topic.partitions for topic in topics} == {agent.source.partitions}
