"""The audit compares every published figure, and knows which rows a dead-lettered event concerns."""

import json
from typing import Any

import pytest

from ops.audit.concerned import concerned_by_activity, concerned_by_interaction, row_named
from ops.audit.subjects import CLOSE, EXACT, SUBJECTS, Place, Subject
from schemas import avro_schemas
from storage.models import Base


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: str(subject.name))
def test_every_published_figure_is_compared(subject: Subject) -> None:
    fields = {field["name"] for field in avro_schemas.schema(str(subject.topic.value))["fields"]}
    assert set(subject.columns) == fields - {"generation"}


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: str(subject.name))
def test_every_stored_figure_is_compared(subject: Subject) -> None:
    table = Base.metadata.tables[subject.table]
    assert set(subject.columns) == {column.name for column in table.columns} - {"generation"}
    assert set(subject.key) == {column.name for column in table.primary_key}


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: str(subject.name))
def test_only_doubles_and_the_sketch_may_be_a_little_off(subject: Subject) -> None:
    for figure in subject.figures:
        if figure.name != "unique_viewers":
            assert figure.differs == (CLOSE if figure.type == "double precision" else EXACT)


def interaction(**changes: Any) -> dict[str, Any]:
    return {
        "session_id": "s1",
        "perfume_id": None,
        "user_id": None,
        "visitor_id": "someone",
        "event_data": None,
    } | changes


def test_an_event_without_a_perfume_concerns_its_session_only() -> None:
    assert concerned_by_interaction(interaction()) == [("sessions", "s1", "s1")]


def test_a_search_concerns_every_perfume_it_showed() -> None:
    event = interaction(event_data=json.dumps({"shown": ["p1", "p2"]}))
    assert {("perfumes", "p1", "p1"), ("perfumes", "p2", "p2")} <= set(concerned_by_interaction(event))


def test_a_recommended_perfume_concerns_its_feedback() -> None:
    data = {"recommendationId": "r1", "targetPerfumeId": "p2"}
    rows = concerned_by_interaction(interaction(perfume_id="p1", user_id="ü", event_data=json.dumps(data)))
    assert ("feedback", '["r1","u:ü","p2"]', "p2") in rows
    assert ("affinities", '["p1","u:ü"]', "p1") in rows


@pytest.mark.parametrize("data", ["{", "[]", '{"shown": 7, "recommendationId": 1}', "null"])
def test_event_data_that_is_at_fault_itself_hides_no_session(data: str) -> None:
    assert ("sessions", "s1", "s1") in concerned_by_interaction(interaction(event_data=data, perfume_id="p1"))


def test_an_activity_concerns_perfume_affinity_and_feedback() -> None:
    rows = concerned_by_activity({"perfume_id": "p1", "viewer": "s:s1", "recommendation_id": "r1"})
    assert {row.subject: row.key for row in rows} == {
        "perfumes": "p1",
        "affinities": '["p1","s:s1"]',
        "feedback": '["r1","s:s1","p1"]',
    }


@pytest.mark.parametrize(
    ("subject", "key", "narrowed_by"),
    [
        ("sessions", "s1", "s1"),
        ("affinities", '["p1","s:s1"]', "p1"),
        ("feedback", '["r1","s:s1","p1"]', "p1"),
        ("feedback", "no key of ours", "no key of ours"),
        ("feedback", '["r1"]', '["r1"]'),
    ],
)
def test_a_row_known_by_its_key_is_found_when_an_audit_is_narrowed(
    subject: str, key: str, narrowed_by: str
) -> None:
    (kind,) = (kind for kind in SUBJECTS if kind.name == subject)
    assert row_named(kind, key) == (subject, key, narrowed_by)


def test_places_are_named_as_the_report_names_them() -> None:
    assert [place.value for place in Place] == ["topic", "postgresql"]
