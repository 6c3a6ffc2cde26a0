"""The sink on real Kafka, registry and PostgreSQL: what comes in is stored, once, as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.reasons import Reason
from schemas.topics import INTERACTIONS, SESSIONS
from sinks.event_rows import EVENT_COLUMNS
from tests.integration.sink_rig import (
    Rows,
    Sink,
    Topics,
    eventually,
    identities,
    interaction,
    now_ms,
)
from tests.published import session

pytestmark = pytest.mark.integration


def as_utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def test_an_event_is_stored_field_by_field(topics: Topics, rows: Rows, sink: Sink) -> None:
    event: dict[str, Any] = interaction(
        "field-1",
        client_time=now_ms() - 7,
        sent_at=now_ms() - 5,
        perfume_id="vetiver",
        house_id="maison",
        note_id="rose",
        event_data=json.dumps({"query": 'tab\t quote" back\\slash \u00e9 \\N', "n": 1}),
        duration=1234,
        value=4.5,
        referrer="https://example.org/?q=1\n2",
        seq=3,
        device_type="mobile",
        truncated=["referrer", 'we"ird,'],
        user_id="u-1",
        visitor_id="v-1",
        tab_id="tab",
        browser="Firefox",
        os="Linux",
        user_agent="Mozilla/5.0",
        is_bot=True,
        bot_suspect=True,
        source="server",
        sdk="sillage-js/1",
        context=json.dumps({"locale": "fr"}),
        consent="granted",
    )
    topics.send(INTERACTIONS, event)
    eventually(lambda: rows.events("field-1") == 1, "the event is stored")
    names = list(EVENT_COLUMNS)
    (found,) = rows.all(f"SELECT {', '.join(names)} FROM interaction_events WHERE session_id = 'field-1'")
    stored = dict(zip(names, found, strict=True))
    assert (stored.pop("kafka_partition"), stored.pop("kafka_offset")) in kafka_places(rows)
    expected = dict(event)
    expected |= {name: as_utc(event[name]) for name in names if EVENT_COLUMNS[name] == "timestamptz"}
    expected |= {name: json.loads(event[name]) for name in ("event_data", "context")}
    stored["event_id"] = str(stored["event_id"])
    assert stored == expected


def kafka_places(rows: Rows) -> list[tuple[Any, ...]]:
    return rows.all("SELECT partition, next_offset - 1 FROM sink_offsets WHERE topic LIKE '%interactions'")


def test_a_retried_event_is_stored_once_even_with_another_time(
    topics: Topics, rows: Rows, sink: Sink
) -> None:
    first = interaction("retry-1", occurred_at=now_ms() - 60_000)
    within_batch = dict(first, occurred_at=first["occurred_at"] + 400, receipt=2)
    topics.send(INTERACTIONS, first, within_batch)
    eventually(lambda: rows.events("retry-1") == 1, "the first attempt is stored")
    next_day = dict(first, occurred_at=first["occurred_at"] - 30 * 3_600_000, receipt=3)
    topics.send(INTERACTIONS, next_day, interaction("retry-1-behind"))
    eventually(lambda: rows.events("retry-1-behind") == 1, "what came behind the retry is stored")
    assert rows.all("SELECT occurred_at, receipt FROM interaction_events WHERE session_id = 'retry-1'") == [
        (as_utc(first["occurred_at"]), 1)
    ]


def test_the_same_event_id_in_two_sessions_is_two_events(topics: Topics, rows: Rows, sink: Sink) -> None:
    one = interaction("twin-a")
    topics.send(INTERACTIONS, one, dict(one, session_id="twin-b"))
    eventually(lambda: rows.events("twin-") == 2, "both are stored")


def test_events_of_any_day_find_a_place(topics: Topics, rows: Rows, sink: Sink) -> None:
    days = [0, 3, 30, 400, 4000]
    events = [
        interaction(f"day-{days_ago}", occurred_at=now_ms() - days_ago * 86_400_000) for days_ago in days
    ]
    topics.send(INTERACTIONS, *events)
    eventually(lambda: rows.events("day-") == len(days), "all are stored")
    in_default = rows.all(
        "SELECT session_id FROM interaction_events_default WHERE session_id LIKE 'day-%' ORDER BY 1"
    )
    assert in_default == [("day-400",), ("day-4000",)]


def test_bad_records_are_dead_lettered_and_the_rest_goes_in(topics: Topics, rows: Rows, sink: Sink) -> None:
    bad = {
        b"\x93NUMPY garbage": Reason.UNDECODABLE,
        b"": Reason.UNDECODABLE,
        b"\x00\x00\x00\x00\x01truncated": Reason.UNDECODABLE,
        b"\x00\x7f\xff\xff\xfebody": Reason.UNKNOWN_SCHEMA,
        b"\x00\xff\xff\xff\xfebody": Reason.UNKNOWN_SCHEMA,
    }
    for payload in bad:
        topics.send_bytes(INTERACTIONS, payload, key="bad-1")
    topics.send(
        INTERACTIONS,
        interaction("bad-1", path="/nul\0"),
        interaction("bad-1", event_data='{"a": "\\u0000"}'),
        interaction("bad-1", event_data="{"),
        interaction("bad-1", event_id="not-a-uuid"),
        interaction("bad-1", occurred_at=-(2**62)),
        interaction("bad-1-fine"),
    )
    topics.send(SESSIONS, session("bad-1", revision=2, entry_page="\0"))
    eventually(lambda: rows.events("bad-1-fine") == 1, "the event behind the bad ones is stored")
    eventually(lambda: len(topics.dead_letters()) >= len(bad) + 6, "all bad records are dead letters")
    letters = topics.dead_letters()
    assert {letter["stage"] for letter in letters} == {"sink"}
    by_payload = {letter["payload"]: letter["reason"] for letter in letters}
    assert {payload: by_payload[payload] for payload in bad} == bad
    assert [letter["reason"] for letter in letters].count(Reason.INVALID_RECORD) == 6
    assert rows.events("bad-1") == 1
    named = [letter for letter in letters if letter["session_id"] == "bad-1"]
    assert len(named) == 6
    assert all(letter["source_offset"] is not None for letter in letters)


def test_a_row_only_the_database_refuses_is_found_and_dead_lettered(
    topics: Topics, rows: Rows, sink: Sink
) -> None:
    events = [interaction(f"whim-{number}") for number in range(50)]
    for number in (7, 31):
        events[number]["path"] = "/refused"
    rows.run("ALTER TABLE interaction_events ADD CONSTRAINT whim CHECK (path <> '/refused') NOT VALID")
    topics.send(INTERACTIONS, *events)
    eventually(lambda: rows.events("whim-") == 48, "all but the refused are stored")
    rows.run("ALTER TABLE interaction_events DROP CONSTRAINT whim")
    refused = [letter for letter in topics.dead_letters() if letter["reason"] == Reason.DATABASE_REFUSED]
    assert len(refused) == 2
    assert all("whim" in letter["message"] for letter in refused)


def metrics_of(sink: Sink) -> str:
    answer = sink.probe("/metrics")
    assert answer is not None
    return answer.text


def test_probes_and_metrics_tell_what_happened(topics: Topics, rows: Rows, sink: Sink) -> None:
    events = [interaction(f"metric-{number}") for number in range(20)]
    topics.send(INTERACTIONS, *events, *events[:5])
    eventually(lambda: rows.identities("metric-") == identities(events), "they are stored")
    alive = sink.probe("/healthz")
    assert alive is not None
    assert alive.status_code == 200
    eventually(lambda: "sillage_sink_lag_records{" in metrics_of(sink), "lag is measured, every 2 s")
    page = metrics_of(sink)
    for name in (
        'sillage_sink_rows_stored_total{table="interaction_events"}',
        'sillage_sink_duplicates_total{table="interaction_events"}',
        "sillage_sink_flush_seconds_bucket",
        "sillage_sink_last_progress_timestamp_seconds",
    ):
        assert name in page
    assert "HTTP Request" not in sink.log.read_text()  # it has asked the registry, but that is no news
    missing = sink.probe("/nothing-here")
    assert missing is not None
    assert missing.status_code == 404
