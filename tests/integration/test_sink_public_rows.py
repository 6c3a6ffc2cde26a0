"""What the agents publish is in PostgreSQL as they published it, the newest row of each key and no other."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas import avro_schemas
from schemas.reasons import Reason
from sinks.tables import AFFINITIES, FEEDBACK, PERFUME_STATS, USER_SESSIONS, Table
from tests.integration.sink_rig import Rows, Sink, Topics, eventually, now_ms
from tests.published import affinity, feedback, perfume_stats, session

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Public:
    """A public topic: its table, what its agent publishes, and a figure that changes from row to row."""

    table: Table
    row: Callable[..., dict[str, Any]]
    figure: str

    @property
    def id(self) -> str:
        """The part of the key that `row` takes first."""
        return self.table.key[0]

    def versions(self, rows: Rows, key: str) -> list[tuple[Any, ...]]:
        """(generation, revision, figure) of each row stored under that key."""
        return rows.all(
            f"SELECT generation, revision, {self.figure} FROM {self.table.name} WHERE {self.id} = %s", key
        )


PUBLIC = [
    Public(USER_SESSIONS, session, "events"),
    Public(PERFUME_STATS, perfume_stats, "total_views"),
    Public(AFFINITIES, affinity, "rating"),
    Public(FEEDBACK, feedback, "position"),
]
each_public_topic = pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.table.name)


@pytest.fixture
def publish(topics: Topics, rows: Rows, sink: Sink) -> Callable[..., None]:
    """Sends rows to a public topic and returns when the sink is past them."""

    def published(table: Table, *values: dict[str, Any]) -> None:
        topics.send(table.topic, *values)
        eventually(lambda: rows.hold_all(topics.ends), f"{table.name} is up to date")

    return published


@each_public_topic
def test_a_published_row_is_stored_field_by_field(
    public: Public, publish: Callable[..., None], rows: Rows
) -> None:
    published = public.row("whole")
    publish(public.table, published)
    columns = public.table.columns
    (found,) = rows.all(
        f"SELECT {', '.join(columns)} FROM {public.table.name} WHERE {public.id} = %s", "whole"
    )
    times = {
        name: datetime.fromtimestamp(published[name] / 1000, UTC)
        for name, kind in columns.items()
        if kind == "timestamptz"
    }
    assert dict(zip(columns, found, strict=True)) == published | times


@each_public_topic
def test_what_is_unknown_is_null(public: Public, publish: Callable[..., None], rows: Rows) -> None:
    fields = avro_schemas.schema(str(public.table.topic.value))["fields"]
    optional = [field["name"] for field in fields if "null" in field["type"]]
    publish(public.table, public.row("nulls", **dict.fromkeys(optional)))
    nulls = " AND ".join(f"{name} IS NULL" for name in optional)
    assert rows.all(f"SELECT {nulls} FROM {public.table.name} WHERE {public.id} = %s", "nulls") == [(True,)]


@each_public_topic
def test_the_newest_row_stays_whatever_the_order(
    public: Public, publish: Callable[..., None], rows: Rows
) -> None:
    def version(revision: int, generation: int, figure: int) -> dict[str, Any]:
        return public.row("order", revision, generation, **{public.figure: figure})

    publish(public.table, version(3, 0, figure=3), version(4, 0, figure=4), version(2, 0, figure=2))
    assert public.versions(rows, "order") == [(0, 4, 4)]
    publish(public.table, version(3, 0, figure=3), version(4, 0, figure=5))
    assert public.versions(rows, "order") == [(0, 4, 4)]
    publish(public.table, version(2, 1, figure=1))
    assert public.versions(rows, "order") == [(1, 2, 1)]
    publish(public.table, version(9, 0, figure=2))
    assert public.versions(rows, "order") == [(1, 2, 1)]


@each_public_topic
def test_a_row_that_left_its_topic_stays_in_the_table(
    public: Public, publish: Callable[..., None], topics: Topics, rows: Rows
) -> None:
    row = public.row("gone", 6)
    publish(public.table, row)
    topics.send_bytes(public.table.topic, None, key="gone")
    eventually(lambda: rows.hold_all(topics.ends), "the sink is past the tombstone")
    assert [version[:2] for version in public.versions(rows, "gone")] == [(0, 6)]
    assert topics.name(public.table.topic) not in {
        letter["source_topic"] for letter in topics.dead_letters() if not letter["payload"]
    }


def test_each_part_of_a_compound_key_makes_a_row_of_its_own(publish: Callable[..., None], rows: Rows) -> None:
    keys = [("iris", "u:1"), ("iris", "v:1"), ("rose", "u:1")]
    publish(AFFINITIES, *(affinity(perfume, viewer=viewer) for perfume, viewer in keys))
    publish(FEEDBACK, *(feedback("r-key", perfume_id=perfume, viewer=viewer) for perfume, viewer in keys))
    publish(FEEDBACK, feedback("r-key-2", perfume_id="iris", viewer="u:1"))
    query = "SELECT perfume_id, viewer FROM {} WHERE perfume_id IN ('iris', 'rose') ORDER BY 1, 2"
    assert rows.all(query.format("viewer_perfume_state")) == keys
    assert rows.all(query.format("recommendation_feedback")) == [keys[0], *keys]


def test_a_bad_row_is_dead_lettered_and_the_rest_goes_in(
    publish: Callable[..., None], topics: Topics, rows: Rows
) -> None:
    topics.send_bytes(FEEDBACK.topic, b"not Avro", key="vetiver")
    publish(USER_SESSIONS, session("bad-session", entry_page="\0"))
    publish(PERFUME_STATS, perfume_stats("bad-perfume", trending_score=float("nan")))
    publish(AFFINITIES, affinity("bad-affinity", viewer="u:" + "x" * 129))
    publish(FEEDBACK, feedback("bad-feedback", impression_at=-1))
    for public in PUBLIC:
        publish(public.table, public.row("fine"), public.row("bad-fine", revision=2**63 - 1))
        assert len(public.versions(rows, "fine")) == 1
        assert rows.one(
            f"SELECT array_agg({public.id}) FROM {public.table.name} WHERE starts_with({public.id}, 'bad-')"
        ) == ["bad-fine"]
    reasons = sorted((letter["source_topic"], letter["reason"]) for letter in topics.dead_letters())
    expected = [(topics.name(public.table.topic), Reason.INVALID_RECORD) for public in PUBLIC]
    assert reasons == sorted([*expected, (topics.name(FEEDBACK.topic), Reason.UNDECODABLE)])


def test_a_row_only_the_database_refuses_is_found_among_others(
    publish: Callable[..., None], topics: Topics, rows: Rows
) -> None:
    rows.run("ALTER TABLE viewer_perfume_state ADD CONSTRAINT whim CHECK (rating < 5) NOT VALID")
    acts = [affinity("whim", viewer=f"u:{number}", rating=4 + number % 8 / 7) for number in range(40)]
    publish(AFFINITIES, *acts)
    rows.run("ALTER TABLE viewer_perfume_state DROP CONSTRAINT whim")
    assert rows.one("SELECT count(*) FROM viewer_perfume_state WHERE perfume_id = 'whim'") == 35
    refused = [letter for letter in topics.dead_letters() if letter["reason"] == Reason.DATABASE_REFUSED]
    assert len(refused) == 5
    assert all("whim" in letter["message"] for letter in refused)


def test_the_trending_query_of_the_data_dictionary_runs(publish: Callable[..., None], rows: Rows) -> None:
    page = (Path(__file__).parents[2] / "docs" / "data-dictionary.md").read_text("utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    hour = now_ms() // 3_600_000
    buckets = [{"hour": hour - 400, "weight": 1_000_000}, {"hour": hour - 48, "weight": 2_000_000}]
    publish(PERFUME_STATS, perfume_stats("in-fashion", as_of=now_ms(), hours=buckets))
    perfume_id, score = rows.all(query)[0]
    assert perfume_id == "in-fashion"
    assert 950_000 < score <= 1_000_000
