"""Rows that dead-lettered events concern: right where the refusal is part of the definition, else apart."""

from uuid import uuid4

import psycopg
import pytest

from ops.audit.result import Result
from ops.audit.subjects import Place
from tests.integration.audit_rig import DAY_MS, PATIENCE_S, Audited, By, Fields, now_ms
from tests.interactions import interactions
from tests.stack import Stack

pytestmark = pytest.mark.integration

LATE_EVENTS = 60
UNSTORABLE_PERFUME = "unstorable-perfume"


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


def a_view(**changes: str) -> Fields:
    event = next(event for event in of_people(3, 200) if event["event_type"] == "PERFUME_VIEW")
    return event | changes


def refused_by_postgresql() -> Fields:
    return a_view(session_id="unstorable", perfume_id="perfume-of-its-own")


def of_a_row_refused_by_postgresql() -> Fields:
    """Its raw row is stored, the perfume's row is not."""
    return a_view(session_id="s1-0", event_id=str(uuid4()), perfume_id=UNSTORABLE_PERFUME)


@pytest.fixture(scope="module")
def counted(stack: Stack, namespace: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    made = Audited(stack, namespace, database, tmp_path_factory.mktemp("audited"))
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE interaction_events ADD CHECK (session_id <> 'unstorable')")
        connection.execute(
            f"ALTER TABLE perfume_interaction_stats ADD CHECK (perfume_id <> '{UNSTORABLE_PERFUME}')"
        )
    with made.services():
        made.put(of_people(seed=1, count=600))
        made.put([*late(), refused_by_postgresql(), of_a_row_refused_by_postgresql()])
        made.put([{**event, "is_bot": True} for event in of_people(seed=4, count=20)])
        made.audit(wait_s=PATIENCE_S)
    made.keep_originals()
    return made


@pytest.fixture(scope="module")
def found(counted: Audited) -> Result:
    return counted.audit()


def test_late_events_are_in_no_figure_and_excuse_nothing(counted: Audited, found: Result) -> None:
    assert {letter["reason"] for letter in counted.dead_letters()} == {"late", "database_refused"}
    assert found.letters == {"late": LATE_EVENTS, "database_refused": 2}
    assert found.cut.refused == LATE_EVENTS
    assert found.differing == 0, found.findings


def test_a_late_event_excuses_no_error_in_the_rows_it_concerns(counted: Audited) -> None:
    """One wrong session and one wrong perfume, each with a late event among those that count."""
    session = late()[0]["session_id"]
    perfume = next(event["perfume_id"] for event in late() if event["perfume_id"])
    wrong_session = counted.changed(
        "user_sessions", "UPDATE user_sessions SET searches = searches + 1", "session_id = %s", session
    )
    wrong_perfume = counted.changed(
        "perfume_interaction_stats",
        "UPDATE perfume_interaction_stats SET total_views = total_views + 1",
        "perfume_id = %s",
        perfume,
    )
    with wrong_session, wrong_perfume:
        result = counted.audit()
    assert result.differing == 2
    found = {(found.key, found.field) for found in result.findings if not found.reasons}
    assert found == {(session, "searches"), (perfume, "total_views")}


def test_rows_that_late_events_concern_are_listed_apart_though_they_agree(found: Result) -> None:
    listed = {row.key: row.reasons for row in found.open_rows if row.subject == "sessions"}
    late_sessions = {event["session_id"] for event in late()}
    assert listed.keys() == late_sessions | {"unstorable"}
    assert {listed[session] for session in late_sessions} == {("late at session_agent",)}
    perfumes = {row.key for row in found.open_rows if row.subject == "perfumes"}
    assert perfumes >= {event["perfume_id"] for event in late() if event["perfume_id"]}
    assert found.open_count == len(found.open_rows)
    assert found.unfounded == {}


def test_rows_of_an_event_that_only_the_agents_took_are_listed_apart(found: Result) -> None:
    assert {finding.key for finding in found.findings if finding.subject == "sessions"} == {"unstorable"}
    perfume = refused_by_postgresql()["perfume_id"]
    perfumes = {finding.key for finding in found.findings if finding.subject == "perfumes"}
    assert perfumes == {perfume, UNSTORABLE_PERFUME}
    assert {finding.reasons for finding in found.findings if finding.subject == "sessions"} == {
        ("database_refused at sink",)
    }


def test_a_row_that_postgresql_refused_excuses_no_error_in_the_topic(counted: Audited, found: Result) -> None:
    places = {finding.place for finding in found.findings if finding.key == UNSTORABLE_PERFUME}
    assert places == {Place.POSTGRESQL}
    rows = By["perfumes"]
    right = counted.published(rows)[UNSTORABLE_PERFUME]
    counted.publish(rows, UNSTORABLE_PERFUME, right | {"total_views": 99})
    result = counted.audit()
    counted.publish(rows, UNSTORABLE_PERFUME, right)
    assert result.differing == 1
    (wrong,) = (finding for finding in result.findings if not finding.reasons)
    assert (wrong.key, wrong.field, wrong.place) == (UNSTORABLE_PERFUME, "total_views", Place.TOPIC)


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
