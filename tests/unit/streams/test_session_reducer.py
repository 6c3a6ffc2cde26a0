"""A session's figures depend on its distinct events only, not on how they arrived."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import limits
from stream_processors.errors import UnreadableRow
from stream_processors.sessions.event import SessionEvent, identity_bytes
from stream_processors.sessions.figures import figures
from stream_processors.sessions.reducer import Effect, SessionOverflow, apply
from stream_processors.sessions.row import SessionRow, glance, pack, unpack
from tests.oracle.sessions import expected_sessions
from tests.unit.streams.events import SESSION, consistent_retries, interaction, interactions


def folded(log: list[dict[str, Any]], cuts: frozenset[int] = frozenset()) -> SessionRow:
    """The row after these events; packed and unpacked again at each cut, as a restart would."""
    row = SessionRow()
    for at, event in enumerate(log):
        apply(row, SessionEvent(event))
        if at in cuts:
            row = unpack(pack(row))
    return row


people = interactions().map(lambda event: event | {"is_bot": False})


@given(st.lists(people, min_size=1, max_size=20).map(consistent_retries), st.randoms(), st.data())
def test_any_order_repetition_and_batch_cut_gives_the_brute_force_figures(
    events: list[dict[str, Any]], random: Any, data: st.DataObject
) -> None:
    expected = expected_sessions(events)[SESSION]
    shuffled = events + data.draw(st.lists(st.sampled_from(events), max_size=10))
    random.shuffle(shuffled)
    cuts = data.draw(st.frozensets(st.integers(0, len(shuffled))))
    assert figures(SESSION, folded(shuffled, cuts), generation=0) == expected


@given(st.lists(people, min_size=1, max_size=20))
def test_a_row_survives_the_changelog(events: list[dict[str, Any]]) -> None:
    row = folded(events)
    assert unpack(pack(row)) == row
    assert glance(pack(row)).events == row.events


@given(st.binary(max_size=60))
def test_bytes_that_are_not_a_row_are_refused_with_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(UnreadableRow):
        unpack(b"\x01" + data[:3])
    with pytest.raises(UnreadableRow):
        unpack(b"\x63" + bytes(13) + data)


def test_a_retry_of_an_event_changes_nothing() -> None:
    row = SessionRow()
    event = SessionEvent(interaction())
    assert apply(row, event) is Effect.APPLIED
    before = pack(row)
    assert apply(row, event) is Effect.DUPLICATE
    assert pack(row) == before


@pytest.mark.sources
def test_a_session_takes_no_more_events_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SESSION_EVENTS", 2)
    row = folded([interaction(event_id="a"), interaction(event_id="b")])
    before = pack(row)
    with pytest.raises(SessionOverflow, match="2 events"):
        apply(row, SessionEvent(interaction(event_id="c")))
    assert pack(row) == before


def test_only_the_last_two_hundred_perfumes_are_listed_and_all_are_counted() -> None:
    log = [interaction(event_id=f"e{at}", occurred_at=at, perfume_id=f"p{at}") for at in range(250)]
    row = figures(SESSION, folded(log), generation=0)
    assert row["perfumes_viewed"] == 250
    assert row["perfume_ids"] == [f"p{at}" for at in range(50, 250)]


def test_one_page_without_an_act_is_a_bounce_and_an_act_or_a_second_page_is_not() -> None:
    view = interaction(event_id="a")
    assert figures(SESSION, folded([view]), 0)["bounced"]
    other_page = interaction(event_id="b", path="/other")
    assert not figures(SESSION, folded([view, other_page]), 0)["bounced"]
    act = interaction(event_id="b", event_type="WISHLIST_ADD", event_category="WISHLIST")
    assert not figures(SESSION, folded([view, act]), 0)["bounced"]
    assert not figures(SESSION, folded([act]), 0)["bounced"]


@given(st.lists(st.tuples(st.integers(0, 2**41), st.uuids()), min_size=2))
def test_moments_sort_by_time_and_then_by_event_id(events: list[tuple[int, UUID]]) -> None:
    log = [interaction(event_id=str(event_id), occurred_at=at) for at, event_id in events]
    log.sort(key=lambda event: SessionEvent(event).moment)
    assert log == sorted(log, key=lambda event: (event["occurred_at"], event["event_id"]))


def test_what_is_no_uuid_has_no_identity() -> None:
    for text in ("", "0190b2f0", "0190b2f0-0000-7000-8000-00000000000g", "é" * 36):
        with pytest.raises(ValueError, match="UUID"):
            identity_bytes(text)
