"""From raw events to every published row: what the distinct events amount to, whatever happens on the way."""

from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import AFFINITIES, PERFUME_STATS, RECOMMENDATION_FEEDBACK, SESSIONS, Topic
from stream_processors.perfumes.affinity import ACTS
from tests.oracle.perfumes import expected_affinities, expected_feedback, expected_perfumes
from tests.oracle.sessions import expected_sessions
from tests.unit.sinks.records import interaction
from tests.unit.streams.perfume_events import DENSE, RECOMMENDATIONS, VIEWS, perfume_interactions
from tests.unit.streams.pipeline_rig import Pipeline

Log = list[dict[str, Any]]
PUBLIC = (SESSIONS, PERFUME_STATS, AFFINITIES, RECOMMENDATION_FEEDBACK)


schedules = st.integers(0, 2**32).map(Random)


@st.composite
def raw_events(draw: st.DrawFn) -> Log:
    """Interactions of few sessions, some sent again: as they were, or (a retry is corrected anew) changed."""
    types = draw(st.sampled_from([DENSE, VIEWS, ACTS, RECOMMENDATIONS]))
    events = draw(st.lists(perfume_interactions(types), min_size=1, max_size=25))
    number = st.integers(0, 15).map(lambda number: str(UUID(int=number, version=4)))
    return [
        interaction(**event | {"event_id": draw(number), "path": draw(st.sampled_from(["/", "/a"]))})
        for event in events
    ]


def run(log: Log, random: Random) -> Pipeline:
    """The log sent and worked off."""
    pipeline = Pipeline(random)
    for event in log:
        pipeline.send(event)
    pipeline.run()
    assert pipeline.dead_letters() == []
    return pipeline


def expected(log: Log) -> dict[Topic, dict[str, dict[str, Any]]]:
    perfumes = expected_perfumes(log)
    for row in perfumes.values():  # the oracle adds and halves in another way: the last digits may differ
        row["trending_score"] = pytest.approx(row["trending_score"], rel=1e-12)
    return {
        SESSIONS: expected_sessions(log),
        PERFUME_STATS: perfumes,
        AFFINITIES: expected_affinities(log),
        RECOMMENDATION_FEEDBACK: expected_feedback(log),
    }


@given(raw_events(), schedules)
def test_every_row_is_what_the_distinct_events_amount_to_however_they_are_read_and_cut(
    log: Log, random: Random
) -> None:
    sent = log + random.choices(log, k=len(log) // 2)
    random.shuffle(sent)
    pipeline = run(sent, random)
    for topic, rows in expected(sent).items():
        assert pipeline.published(topic) == rows


@given(raw_events(), schedules)
def test_two_orders_of_the_same_events_publish_the_same_to_the_last_bit(log: Log, random: Random) -> None:
    distinct = list({(event["session_id"], event["event_id"]): event for event in log}.values())
    straight = run(distinct, random)
    random.shuffle(distinct)
    shuffled = run(distinct, random)
    for topic in PUBLIC:
        assert shuffled.published(topic) == straight.published(topic)
    assert shuffled.activities() == straight.activities()
