"""The demo's verdict: it must be able to say no."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest

from ops.demo.clickstream import Request, requests
from ops.demo.reckoning import Reckoning
from ops.demo.sender import Tally
from ops.demo.trending import RECOUNT, Trend, Trending
from stream_processors.perfumes.windows import WEIGHTS

GOOD = Reckoning(
    sent=12,
    accepted=10,
    rejected=2,
    invalid=2,
    refused_requests=0,
    raw_rows=10,
    distinct_raw_rows=10,
    human_rows=9,
    events_in_sessions=9,
    sessions=3,
    live_sampled=3,
    live_agreeing=3,
    trending=Trending((Trend("p", 2.0, 2.0),), complete=True),
)


def test_a_run_in_which_everything_arrived_once_agrees() -> None:
    assert GOOD.agrees


@pytest.mark.parametrize(
    "flaw",
    [
        {"raw_rows": 9, "distinct_raw_rows": 9},
        {"raw_rows": 11},
        {"events_in_sessions": 8},
        {"live_agreeing": 2},
        {"rejected": 3, "accepted": 9, "raw_rows": 9, "distinct_raw_rows": 9},
        {"sent": 13},
        {"refused_requests": 1},
        {"trending": Trending()},
        {"trending": Trending((Trend("p", 2.0, 2.0),), complete=False)},
        {"trending": Trending((Trend("p", 2.0, 2.1),), complete=True)},
        {"trending": Trending((Trend("p", 2.0, None),), complete=True)},
    ],
)
def test_any_flaw_is_a_disagreement(flaw: dict[str, Any]) -> None:
    assert not replace(GOOD, **flaw).agrees


def test_a_run_in_which_nothing_was_accepted_does_not_agree() -> None:
    counts: dict[str, Any] = {field.name: 0 for field in fields(Reckoning) if field.name != "trending"}
    assert not replace(GOOD, **counts).agrees


def _request(invalid: int) -> Request:
    return Request("s", "agent", {"events": [{}, {}]}, invalid)


@pytest.mark.parametrize(
    ("invalid", "status", "document"),
    [
        (0, 200, {"count": 2}),
        (1, 200, {"count": 1, "rejected": [{}]}),
        (2, 400, {"rejected": [{}, {}]}),
    ],
)
def test_answers_that_are_due_are_counted_by_event(
    invalid: int, status: int, document: dict[str, Any]
) -> None:
    tally = Tally()
    tally.count(_request(invalid), status, document)
    assert (tally.sent, tally.accepted, tally.rejected) == (2, 2 - invalid, invalid)
    assert not tally.refused


@pytest.mark.parametrize(("invalid", "status"), [(0, 400), (1, 400), (0, 401), (2, 401), (2, 403), (0, 202)])
def test_any_other_answer_is_counted_as_refused_by_its_status(invalid: int, status: int) -> None:
    tally = Tally()
    tally.count(_request(invalid), status, {})
    assert (tally.accepted, tally.refused) == (0, {status: 1})


def test_the_same_seed_makes_the_same_visits_and_exactly_as_many_events_as_asked_for() -> None:
    made = list(requests("run", seed=3, events=1_000, now_ms=10**12))
    assert [request.body for request in made] == [
        request.body for request in requests("run", seed=3, events=1_000, now_ms=10**12)
    ]
    assert sum(request.events for request in made) == 1_000
    ids = [event["eventId"] for request in made for event in request.body["events"]]
    assert len(set(ids)) == 1_000


def test_nothing_happens_after_the_run_begins() -> None:
    made = requests("run", seed=3, events=3_000, now_ms=10**12)
    assert max(event["timestamp"] for request in made for event in request.body["events"]) <= 10**12


def test_the_recount_weighs_events_as_the_figures_are_defined() -> None:
    told = {event_type: int(weight) for event_type, weight in re.findall(r"WHEN '(\w+)' THEN (\d)", RECOUNT)}
    weighed = re.findall(r"'(\w+)'", RECOUNT.split("event_type IN (")[1].split(")")[0])
    assert {event_type: told.get(event_type, 1) for event_type in weighed} == WEIGHTS
