"""Who owns partitions as far as Kafka is concerned: by heartbeats taken, and by generations without a gap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.engine.session import Membership, Session, seconds
from stream_processors.live.workers import client_id, told_by


class Clock:
    """Seconds, as set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_session_that_kafka_never_confirmed_counts_for_nothing() -> None:
    assert Session(10.0, Clock()).lapsed


def test_a_session_lasts_from_when_the_last_heartbeat_that_kafka_took_was_sent() -> None:
    clock = Clock()
    session = Session(10.0, clock)
    sent_at = clock.now
    clock.now += 5.0
    session.renewed(sent_at)
    clock.now += 5.0
    assert not session.lapsed
    clock.now += 0.1
    assert session.lapsed


def test_the_clock_does_not_go_back() -> None:
    assert seconds() <= seconds()


@pytest.mark.parametrize(
    ("now", "follows"),
    [
        (Membership("a", 8), True),
        (Membership("a", 9), False),  # in generation 8 it may have been another's
        (Membership("a", 7), False),
        (Membership("b", 8), False),  # given up, and back under another id
        (Membership("b", 7), False),  # a static member comes back into the same generation
    ],
)
def test_what_was_held_is_kept_only_by_the_same_member_in_the_next_generation(
    now: Membership, follows: bool
) -> None:
    assert now.follows(Membership("a", 7)) is follows


def test_whoever_held_nothing_before_keeps_nothing() -> None:
    assert not Membership("a", 1).follows(None)


@given(st.text(min_size=1), st.from_regex(r"[a-z0-9.]+:[0-9]+", fullmatch=True))
def test_a_client_id_tells_which_worker_answers_where(instance_id: str, address: str) -> None:
    assert told_by(client_id(instance_id, address)) == (instance_id, address)


def test_a_client_id_that_is_none_of_ours_tells_no_address() -> None:
    assert told_by("aiokafka-0.14").address == ""
