"""The audit finds exactly what is wrong: in the topics, in PostgreSQL, and nothing where all is right.

Real servers and the real services: what is judged is whether three readings of one log agree.
"""

import json

import pytest
from typer.testing import CliRunner, Result

from ops.audit.auditor import Servers, audit
from ops.audit.errors import CannotAudit
from ops.audit.scope import Everything, Keys, SessionsNamed
from ops.audit.subjects import SUBJECTS, Place, Subject
from ops.cli import app
from tests.integration.audit_rig import PATIENCE_S, Audited, By, history
from tests.stack import Stack

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def counted(stack: Stack, namespace: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """A log of 40 days, each event sent twice, counted by the real services and audited while they ran."""
    made = Audited(stack, namespace, database, tmp_path_factory.mktemp("audited"))
    with made.services():
        made.put(history(seed=7, count=6_000, sessions=300), retries=2)
        found = made.audit(wait_s=PATIENCE_S)
        assert found.differing == 0, found.findings[:5]
        for comparison in found.comparisons.values():
            assert comparison.checked > 20
            assert comparison.excused == 0
    made.keep_originals()
    return made


def test_nothing_is_found_where_all_is_right(counted: Audited) -> None:
    found = counted.audit()
    assert found.findings == ()
    assert found.cut.raw_rows == 6_000
    assert found.cut.bots > 0
    assert found.cut.not_stored_yet == 0
    checked = {name: comparison.checked for (name, place), comparison in found.comparisons.items()}
    for subject in SUBJECTS:
        assert checked[subject.name] == len(counted.published(subject))


@pytest.mark.parametrize(
    ("subject", "figure", "change"),
    [
        ("sessions", "page_views", "page_views = page_views + 1"),
        ("sessions", "revision", "revision = revision + 2"),
        ("perfumes", "unique_viewers", "unique_viewers = unique_viewers + 1"),
        ("perfumes", "avg_rating", "avg_rating = avg_rating + 0.001"),
        ("perfumes", "trending_score", "trending_score = trending_score * 1.000001"),
        ("perfumes", "days", "days = jsonb_set(days, '{0,views}', '77')"),
        ("affinities", "rated_at", "rated_at = NULL"),
        ("feedback", "first_interaction_at", "first_interaction_at = NULL"),
        ("feedback", "thumbs", "thumbs = 'sideways'"),
    ],
)
def test_one_changed_figure_in_postgresql_is_found(
    counted: Audited, subject: str, figure: str, change: str
) -> None:
    rows = By[subject]
    key = counted.first(
        f"SELECT {', '.join(rows.key)} FROM {rows.table} WHERE {figure} IS NOT NULL ORDER BY revision DESC, 1"
    )
    where = " AND ".join(f"{name} = %s" for name in rows.key)
    with counted.changed(rows.table, f"UPDATE {rows.table} SET {change}", where, *key):
        (found,) = counted.found()
    assert (found.subject, found.place, found.field) == (subject, Place.POSTGRESQL, figure)
    assert found.key == (key[0] if len(key) == 1 else _json(*key))
    assert found.expected != found.found


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: str(subject.name))
def test_a_row_that_postgresql_lost_is_found(counted: Audited, subject: Subject) -> None:
    key = counted.first(f"SELECT {', '.join(subject.key)} FROM {subject.table} ORDER BY 1")
    where = " AND ".join(f"{name} = %s" for name in subject.key)
    with counted.changed(subject.table, f"DELETE FROM {subject.table}", where, *key):
        (found,) = counted.found()
    assert (found.subject, found.place, found.field) == (subject.name, Place.POSTGRESQL, "row")
    assert (found.expected, found.found) == (True, False)


@pytest.mark.parametrize(
    ("subject", "figure", "wrong"),
    [
        ("sessions", "exit_page", "/nowhere"),
        ("perfumes", "total_views", 10_000),
        ("affinities", "rating", 4.99),
        ("feedback", "clicked", None),
    ],
)
def test_one_wrong_published_row_is_found(counted: Audited, subject: str, figure: str, wrong: object) -> None:
    rows = By[subject]
    key, right = sorted(counted.published(rows).items())[0]
    value = not right[figure] if wrong is None else wrong
    counted.publish(rows, key, right | {figure: value})
    (found,) = counted.found()
    assert (found.subject, found.place, found.key, found.field) == (subject, Place.TOPIC, key, figure)
    assert (found.expected, found.found) == (right[figure], value)
    counted.publish(rows, key, right)


def test_an_older_revision_published_again_changes_nothing(counted: Audited) -> None:
    rows = By["perfumes"]
    key, right = max(counted.published(rows).items(), key=lambda item: item[1]["revision"])
    counted.publish(rows, key, right | {"revision": right["revision"] - 1, "total_views": 0})
    assert counted.found() == []


def test_a_published_row_of_nobody_and_one_taken_back_are_found(counted: Audited) -> None:
    rows = By["sessions"]
    key, right = sorted(counted.published(rows).items())[0]
    counted.publish(rows, "nobody", right | {"session_id": "nobody"})
    counted.publish(rows, key, None)
    first, second = sorted(counted.found(), key=lambda found: found.key)
    assert (first.key, first.field, first.expected, first.found) == ("nobody", "row", False, True)
    assert (second.key, second.field, second.expected, second.found) == (key, "row", True, False)
    counted.publish(rows, "nobody", None)
    counted.publish(rows, key, right)
    assert counted.found() == []


def test_a_record_that_is_no_row_is_found(counted: Audited) -> None:
    rows = By["feedback"]
    key, right = sorted(counted.published(rows).items())[0]
    counted.publish(rows, key, b"not avro")
    (found,) = counted.found()
    assert (found.place, found.key, found.field) == (Place.TOPIC, key, "record")
    counted.publish(rows, key, right)
    assert counted.found() == [], "a readable row after it makes up for it"


def test_a_lost_raw_row_shows_in_every_row_it_counts_in(counted: Audited) -> None:
    session, event, perfume = counted.first(
        "SELECT session_id, event_id, perfume_id FROM interaction_events"
        " WHERE event_type = 'PERFUME_VIEW' AND NOT is_bot ORDER BY 1, 2"
    )
    lost = counted.changed(
        "interaction_events",
        "DELETE FROM interaction_events",
        "session_id = %s AND event_id = %s",
        session,
        event,
    )
    with lost:
        found = counted.found()
    revisions = {(finding.subject, finding.key) for finding in found if finding.field == "revision"}
    assert revisions >= {("sessions", session), ("perfumes", perfume)}
    assert {finding.place for finding in found} == {Place.TOPIC, Place.POSTGRESQL}


def test_a_session_that_is_called_closed_while_it_goes_on_is_found(counted: Audited) -> None:
    (session,) = counted.first("SELECT session_id FROM user_sessions WHERE closed ORDER BY 1")
    close = "UPDATE interaction_events SET received_at = now()"
    last = counted.first(
        "SELECT event_id FROM interaction_events WHERE NOT is_bot"
        f" AND session_id = '{session}' ORDER BY occurred_at DESC"
    )
    where = "session_id = %s AND event_id = %s"
    with counted.changed("interaction_events", close, where, session, *last):
        found = counted.found()
    assert {(finding.key, finding.field) for finding in found} == {(session, "closed")}


def test_an_audit_can_be_narrowed(counted: Audited) -> None:
    wrong = "UPDATE user_sessions SET searches = 99"
    (session,) = counted.first("SELECT session_id FROM user_sessions ORDER BY 1")
    (other,) = counted.first("SELECT session_id FROM user_sessions ORDER BY 1 DESC")
    with counted.changed("user_sessions", wrong, "session_id = %s", session):
        assert [found.key for found in counted.found(SessionsNamed(session))] == [session]
        assert counted.found(SessionsNamed(other)) == []
        assert [found.key for found in counted.found(Keys(frozenset({session}), frozenset()))] == [session]
        narrow = counted.audit(Keys(frozenset({other}), frozenset({"perfume-1"})))
    assert narrow.findings == ()
    assert narrow.comparisons["sessions", Place.TOPIC].checked == 1
    assert narrow.comparisons["perfumes", Place.POSTGRESQL].checked == 1
    assert narrow.comparisons["affinities", Place.TOPIC].checked > 1


def _json(*parts: str) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def sillage_audit(counted: Audited, *words: str) -> Result:
    where = counted.servers
    servers = ["--kafka", where.bootstrap, "--registry", where.registry_url, "--database", where.database_url]
    return CliRunner().invoke(app, ["audit", *servers, "--namespace", where.namespace, "--wait", "0", *words])


def test_the_command_answers_with_its_exit_code(counted: Audited) -> None:
    clean = sillage_audit(counted)
    assert clean.exit_code == 0, clean.output
    assert "0 differences" in clean.output
    (session,) = counted.first("SELECT session_id FROM user_sessions ORDER BY 1")
    with counted.changed("user_sessions", "UPDATE user_sessions SET os = 'BeOS'", "session_id = %s", session):
        table = sillage_audit(counted)
        told = sillage_audit(counted, "--json")
    assert table.exit_code == told.exit_code == 1
    assert "1 row differs" in table.output
    assert "BeOS" in table.output
    assert json.loads(told.stdout)["differences"] == [
        {
            "subject": "sessions",
            "place": "postgresql",
            "key": session,
            "field": "os",
            "expected": "Linux",
            "found": "BeOS",
        }
    ]


def test_what_cannot_be_checked_is_not_called_right(counted: Audited, stack: Stack) -> None:
    with stack.database("never_migrated") as empty:
        unmigrated = sillage_audit(counted, "--database", empty)
    assert unmigrated.exit_code == 2
    assert "sillage db upgrade" in unmigrated.output
    missing = sillage_audit(counted, "--namespace", "nowhere.")
    assert missing.exit_code == 2
    assert "sillage topics apply" in missing.output
    away = Servers(stack.bootstrap, "http://127.0.0.1:1", counted.database, counted.namespace)
    with pytest.raises(CannotAudit, match="registry"):
        audit(away, Everything(), 0)
