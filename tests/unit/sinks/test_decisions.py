"""The sink's other decisions on plain values: where to start, what to blame, what an error means."""

from collections.abc import Sequence

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors

from schemas.reasons import Reason
from sinks.bisection import refused
from sinks.database import verdict
from sinks.dead_letters import dead_letter
from sinks.errors import LoudStop, RowRefused, SinkError, Unavailable
from sinks.event_days import AHEAD_DAYS, OLDEST_DAYS, days_to_make
from sinks.health import STUCK_AFTER_S, Health
from sinks.intake import Feed, Intake
from sinks.offsets import Bounds, checked_start
from sinks.record import Rejection
from sinks.statements import horizon
from sinks.tables import RAW_EVENTS, USER_SESSIONS
from tests.unit.sinks.records import INTERACTIONS, record
from wire.dead_letters import PAYLOAD_BYTES
from wire.errors import UnknownSchema


@pytest.mark.parametrize("stored", [5, 7, 9])
def test_reading_starts_where_the_database_says(stored: int) -> None:
    assert checked_start(INTERACTIONS, stored, Bounds(5, 9)) == stored


def test_records_that_passed_retention_unread_stop_it_and_say_how_many() -> None:
    with pytest.raises(LoudStop, match="3 offsets passed the topic's retention unread"):
        checked_start(INTERACTIONS, 2, Bounds(5, 9))


def test_an_offset_beyond_the_end_stops_it() -> None:
    with pytest.raises(LoudStop, match="Kafka ends at 9"):
        checked_start(INTERACTIONS, 10, Bounds(5, 9))


@given(st.integers(0, 200), st.sets(st.integers(0, 199)))
def test_bisection_finds_exactly_the_items_at_fault(size: int, bad: set[int]) -> None:
    def refusal(part: Sequence[int]) -> str | None:
        return "bad" if bad & set(part) else None

    assert refused(range(size), refusal) == [(item, "bad") for item in range(size) if item in bad]


def test_bisection_asks_few_times_for_one_bad_item() -> None:
    asked: list[int] = []

    def refusal(part: Sequence[int]) -> str | None:
        asked.append(len(part))
        return "bad" if 3333 in part else None

    assert refused(range(5_000), refusal) == [(3333, "bad")]
    assert len(asked) <= 2 * 13 + 1


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (errors.NumericValueOutOfRange("integer out of range"), RowRefused),
        (errors.CheckViolation("violates check"), RowRefused),
        (errors.ProgramLimitExceeded("index row size"), RowRefused),
        (psycopg.DataError("cannot contain NUL"), RowRefused),
        (errors.UniqueViolation("duplicate key"), Unavailable),
        (errors.DeadlockDetected("deadlock detected"), Unavailable),
        (errors.AdminShutdown("terminating connection"), Unavailable),
        (errors.DiskFull("no space left"), Unavailable),
        (errors.IdleInTransactionSessionTimeout("idle"), Unavailable),
        (psycopg.OperationalError("connection refused"), Unavailable),
        (errors.UndefinedColumn("no such column"), LoudStop),
        (errors.InsufficientPrivilege("permission denied"), LoudStop),
    ],
)
def test_what_a_driver_error_means(error: psycopg.Error, meaning: type[SinkError]) -> None:
    assert type(verdict(error)) is meaning


def test_partitions_are_asked_for_once_and_only_for_days_that_can_come() -> None:
    today = 20_000
    assert days_to_make({today - 2}, set(), today) == (today - 2, today + AHEAD_DAYS)
    known = set(range(today - 2, today + AHEAD_DAYS + 1))
    assert days_to_make({today - 2, today}, known, today) is None
    assert days_to_make({today - OLDEST_DAYS}, known, today) == (today - OLDEST_DAYS, today - OLDEST_DAYS)
    assert days_to_make({0, today - OLDEST_DAYS - 1, today + AHEAD_DAYS + 1}, known, today) is None


def test_tomorrow_is_made_before_it_comes() -> None:
    today = 20_000
    assert days_to_make({today}, {today}, today) == (today + 1, today + AHEAD_DAYS)


def test_a_dead_letter_names_its_source_and_keeps_the_bytes() -> None:
    payload = b"\x00\x00\x00\x00\x07body"
    letter = dead_letter(Rejection(record(4, value=payload), Reason.UNDECODABLE, "why", "s", "e"), 99)
    assert letter["payload"] == payload
    assert (letter["source_topic"], letter["source_partition"], letter["source_offset"]) == (*INTERACTIONS, 4)
    assert (letter["stage"], letter["reason"], letter["schema_id"]) == ("sink", "undecodable", 7)


@pytest.mark.parametrize("payload", [None, b"", b"\x00\xff\xff\xff\xff", b"\x01\x00\x00\x00\x07"])
def test_a_dead_letter_of_any_bytes_can_be_written(payload: bytes | None) -> None:
    letter = dead_letter(Rejection(record(4, value=payload), Reason.UNDECODABLE, "why"), 99)
    assert letter["payload"] == (payload or b"")
    assert letter["schema_id"] is None


def test_a_payload_too_long_for_a_record_is_cut_and_says_so() -> None:
    long = b"x" * (PAYLOAD_BYTES + 1)
    letter = dead_letter(Rejection(record(4, value=long), Reason.UNDECODABLE, "why"), 99)
    assert len(letter["payload"]) == PAYLOAD_BYTES
    assert str(PAYLOAD_BYTES + 1) in letter["message"]


def test_a_tombstone_is_no_row_and_no_rejection_unless_the_topic_has_none() -> None:
    def decode(_data: bytes | None) -> dict[str, object]:
        raise UnknownSchema("never heard of it")

    sessions = Intake({"interactions": Feed(USER_SESSIONS, decode)})
    events = Intake({"interactions": Feed(RAW_EVENTS, decode)})
    assert sessions.read(record(1, value=None)) is None
    rejected = events.read(record(1, value=None))
    assert isinstance(rejected, Rejection)
    assert rejected.reason is Reason.UNKNOWN_SCHEMA


def test_earlier_copies_are_looked_for_at_any_time_a_column_can_hold() -> None:
    window = horizon([0, 253_402_300_799_999])
    assert (window["oldest"].year, window["newest"].year) == (1970, 9999)


def test_health_names_what_is_in_the_way() -> None:
    now = 0.0
    health = Health(lambda: now)
    assert health.not_ready() is not None
    health.ready()
    assert health.not_ready() is None
    health.unready("PostgreSQL: gone")
    assert health.not_ready() == "PostgreSQL: gone"
    assert health.not_alive() is None
    now = STUCK_AFTER_S + 1
    assert health.not_alive() is not None
    health.turn()
    assert health.not_alive() is None
