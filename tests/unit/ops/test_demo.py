"""The demo's verdict: it must be able to say no."""

from dataclasses import replace

import pytest

from ops.demo.clickstream import requests
from ops.demo.reckoning import Reckoning

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
    ],
)
def test_any_flaw_is_a_disagreement(flaw: dict[str, int]) -> None:
    assert not replace(GOOD, **flaw).agrees


def test_a_run_in_which_nothing_was_accepted_does_not_agree() -> None:
    assert not Reckoning(*(0 for _ in range(12))).agrees


def test_the_same_seed_makes_the_same_visits_and_exactly_as_many_events_as_asked_for() -> None:
    made = list(requests("run", seed=3, events=1_000, now_ms=10**12))
    assert [request.body for request in made] == [
        request.body for request in requests("run", seed=3, events=1_000, now_ms=10**12)
    ]
    assert sum(request.events for request in made) == 1_000
    ids = [event["eventId"] for request in made for event in request.body["events"]]
    assert len(set(ids)) == 1_000
