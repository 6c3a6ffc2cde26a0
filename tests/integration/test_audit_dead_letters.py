"""Rows that dead-lettered events concern: right where the refusal is part of the definition, else apart."""

import psycopg
import pytest

from ops.audit.result import Result
from tests.integration.audit_rig import DAY_MS, PATIENCE_S, Audited, Fields, now_ms
from tests.interactions import interactions
from tests.stack import Stack

pytestmark = pytest.mark.integration

LATE_EVENTS = 60


def of_people(seed: int, count: int) -> list[Fields]:
    events = [event for event in interactions(seed, 4 * count, sessions=20) if not event["is_bot"]]
    return events[:count]


def late() -> list[Fields]:
    """Of five days ago, in half of the sessions of today."""
    events = of_people(seed=2, count=LATE_EVENTS)
    return [
        {**event, "occurred_at": now_ms() - 5 * DAY_MS, "session_id": f"s1-{number % 10}"}
        for number, event in enumerate(events)
    ]


def refused_by_postgresql() -> Fields:
    event = next(event for event in of_people(3, 200) if event["event_type"] == "PERFUME_VIEW")
    return {**event, "session_id": "unstorable", "perfume_id": "perfume-of-its-own"}


@pytest.fixture(scope="module")
def counted(stack: Stack, namespace: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    made = Audited(stack, namespace, database, tmp_path_factory.mktemp("audited"))
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE interaction_events ADD CHECK (session_id <> 'unstorable')")
    with made.services():
        made.put(of_people(seed=1, count=600))
        made.put([*late(), refused_by_postgresql()])
        made.put([{**event, "is_bot": True} for event in of_people(seed=4, count=20)])
        made.audit(wait_s=PATIENCE_S)
    made.keep_originals()
    return made


@pytest.fixture(scope="module")
def found(counted: Audited) -> Result:
    return counted.audit()


def test_late_events_are_in_no_figure_and_excuse_nothing(counted: Audited, found: Result) -> None:
    assert {letter["reason"] for letter in counted.dead_letters()} == {"late", "database_refused"}
    assert found.letters == {"late": LATE_EVENTS, "database_refused": 1}
    assert found.cut.refused == LATE_EVENTS
    assert found.differing == 0, found.findings
    assert not any(reason.startswith("late") for finding in found.findings for reason in finding.reasons)


def test_rows_of_an_event_that_only_the_agents_took_are_listed_apart(found: Result) -> None:
    assert {finding.key for finding in found.findings if finding.subject == "sessions"} == {"unstorable"}
    perfume = refused_by_postgresql()["perfume_id"]
    assert {finding.key for finding in found.findings if finding.subject == "perfumes"} == {perfume}
    assert {finding.reasons for finding in found.findings if finding.subject == "sessions"} == {
        ("database_refused at sink",)
    }


def test_a_wrong_row_without_a_dead_letter_is_not_excused_by_those_of_others(counted: Audited) -> None:
    (session,) = counted.first(
        "SELECT session_id FROM user_sessions WHERE session_id NOT IN ('unstorable')"
        " AND session_id NOT IN (SELECT session_id FROM interaction_events"
        " WHERE occurred_at < now() - interval '4 days') ORDER BY 1"
    )
    change = "UPDATE user_sessions SET events = events + 1"
    with counted.changed("user_sessions", change, "session_id = %s", session):
        result = counted.audit()
    assert result.differing == 1
    assert [finding.key for finding in result.findings if not finding.reasons] == [session]
