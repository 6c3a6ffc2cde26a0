"""The audit takes no refusal on trust: what is wrongly left out is a difference, what rightly is, none."""

from uuid import UUID

import pytest

from ops.audit.result import Result
from schemas.limits import SESSION_EVENTS
from tests.integration.audit_rig import DAY_MS, PATIENCE_S, Audited, Fields, now_ms
from tests.interactions import interactions
from tests.stack import Stack

pytestmark = pytest.mark.integration

TOO_MANY = 7
RECENT, OLD = 100, 5 * DAY_MS


def of_session(name: str, count: int, seed: int) -> list[Fields]:
    """Events of one session, a moment ago, none of a bot."""
    now = now_ms()
    return [
        {**event, "session_id": name, "is_bot": False, "received_at": now, "occurred_at": now - RECENT}
        for event in interactions(seed, count, sessions=1)
    ]


def earlier(event: Fields, ms: int) -> Fields:
    return {**event, "occurred_at": event["occurred_at"] - ms, "received_at": event["received_at"] - ms}


def rightly_late() -> list[Fields]:
    """The session's only event in its place, then one of now: it came when the session was over for days."""
    first, second, other = of_session("over-for-days", 3, seed=1)
    return [earlier(first, OLD), {**other, "session_id": "over-for-days", "is_bot": True}, second]


def late_by_a_repetition() -> list[Fields]:
    """What tells the time here is a bot's event sent once more: it is stored as it came in first."""
    of_bot, spooled = of_session("sent-again", 2, seed=2)
    of_bot["is_bot"] = True
    return [earlier(of_bot, OLD), of_bot, earlier(spooled, OLD)]


def too_many() -> list[Fields]:
    events = of_session("too-many", SESSION_EVENTS + TOO_MANY, seed=3)
    return [{**event, "event_id": str(UUID(int=number, version=4))} for number, event in enumerate(events)]


LIED = {"lied-late": 5, "lied-full": 6}


@pytest.fixture(scope="module")
def found(stack: Stack, namespace: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Result:
    made = Audited(stack, namespace, database, tmp_path_factory.mktemp("audited"))
    with made.services("tests.lying_worker"):
        made.put(late_by_a_repetition())
        made.put(rightly_late())
        made.put(too_many())
        for session, count in LIED.items():
            made.put(of_session(session, count, seed=4))
        made.wait_for_letters(2 + TOO_MANY + sum(LIED.values()), PATIENCE_S)
        return made.audit(wait_s=PATIENCE_S)


def test_what_is_refused_without_cause_is_a_difference(found: Result) -> None:
    wrong = {row.key: row.field for row in found.findings if row.subject == "sessions"}
    assert wrong == dict.fromkeys(LIED, "row")
    assert found.differing > len(LIED), "and in the rows of the perfumes"
    assert found.unfounded == {"late": LIED["lied-late"], "session_overflow": LIED["lied-full"]}


def test_what_is_refused_rightly_is_in_no_figure(found: Result) -> None:
    assert found.cut.refused == 2 + TOO_MANY
    assert found.letters == {
        "late": 2 + LIED["lied-late"],
        "session_overflow": TOO_MANY + LIED["lied-full"],
    }
    listed = {row.key: row.reasons for row in found.open_rows if row.subject == "sessions"}
    assert listed == {
        "over-for-days": ("late at session_agent",),
        "sent-again": ("late at session_agent",),
        "too-many": ("session_overflow at session_agent",),
        "lied-late": ("late at session_agent",),
        "lied-full": ("session_overflow at session_agent",),
    }
