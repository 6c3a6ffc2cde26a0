"""A published row becomes a row of its table field by field, or is refused with the field's name."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.storable import InvalidRecord
from sinks.intake import Feed, Intake
from sinks.record import Staged
from sinks.tables import AFFINITIES, FEEDBACK, PERFUME_STATS, USER_SESSIONS, Table
from tests.published import affinity, feedback, perfume_stats, session
from tests.unit.sinks.records import INTERACTIONS, record

Published = Callable[..., dict[str, Any]]

PUBLIC: list[tuple[Table, Published]] = [
    (USER_SESSIONS, session),
    (PERFUME_STATS, perfume_stats),
    (AFFINITIES, affinity),
    (FEEDBACK, feedback),
]


def columns(*types: str) -> list[tuple[Table, Published, str]]:
    """Each public column of these types, with its table and a value of it."""
    return [
        (table, published, name)
        for table, published in PUBLIC
        for name, kind in table.columns.items()
        if kind in types
    ]


def stored(table: Table, value: Mapping[str, Any]) -> dict[str, Any]:
    return dict(zip(table.columns, table.row(value, 3, 17), strict=True))


def refusal(table: Table, value: Mapping[str, Any]) -> str:
    with pytest.raises(InvalidRecord) as caught:
        table.row(value, 3, 17)
    return str(caught.value)


@pytest.mark.parametrize(("table", "published"), PUBLIC)
def test_every_field_is_in_the_row(table: Table, published: Published) -> None:
    value = published()
    row = stored(table, value)
    for name, kind in table.columns.items():
        if kind == "jsonb":
            row[name] = orjson.loads(row[name])
    assert row == value


@pytest.mark.parametrize(
    ("table", "value", "identity"),
    [
        (USER_SESSIONS, session("s-7"), "s-7"),
        (PERFUME_STATS, perfume_stats("iris"), "iris"),
        (AFFINITIES, affinity("iris", viewer="v:v-1"), ("iris", "v:v-1")),
        (FEEDBACK, feedback("r-7", perfume_id="iris"), ("r-7", "u:u-1", "iris")),
    ],
)
def test_a_row_is_known_by_its_key(table: Table, value: dict[str, Any], identity: object) -> None:
    read = Intake({INTERACTIONS.topic: Feed(table, lambda _data: value)}).read(record(1))
    assert isinstance(read, Staged)
    assert read.identity == identity


@given(st.sampled_from(columns("text")), st.text(max_size=9), st.sampled_from(["\0", "\ud800"]))
def test_no_text_may_hold_a_nul_or_a_lone_surrogate(
    column: tuple[Table, Published, str], before: str, bad: str
) -> None:
    table, published, name = column
    assert name in refusal(table, published(**{name: before + bad}))


def test_lists_of_texts_are_looked_into() -> None:
    assert "perfume_ids" in refusal(USER_SESSIONS, session(perfume_ids=["vetiver", "\0"]))


@pytest.mark.parametrize(("table", "published", "name"), columns("bigint"))
def test_counts_fit_into_64_bits(table: Table, published: Published, name: str) -> None:
    assert name in refusal(table, published(**{name: 2**63}))
    assert stored(table, published(**{name: 2**63 - 1}))[name] == 2**63 - 1


@pytest.mark.parametrize(("table", "published", "name"), columns("integer"))
def test_a_generation_fits_into_32_bits(table: Table, published: Published, name: str) -> None:
    assert name in refusal(table, published(**{name: 2**31}))
    assert stored(table, published(**{name: 2**31 - 1}))[name] == 2**31 - 1


@pytest.mark.parametrize(("table", "published", "name"), columns("timestamptz"))
@pytest.mark.parametrize("time", [-1, 253_402_300_800_000])
def test_times_lie_where_a_timestamp_can(table: Table, published: Published, name: str, time: int) -> None:
    assert name in refusal(table, published(**{name: time}))


@pytest.mark.parametrize(("table", "published", "name"), columns("double precision"))
@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
def test_averages_and_scores_are_finite(table: Table, published: Published, name: str, number: float) -> None:
    assert name in refusal(table, published(**{name: number}))


@pytest.mark.parametrize(("table", "published", "name"), columns("jsonb"))
def test_a_bucket_holds_64_bits_at_most(table: Table, published: Published, name: str) -> None:
    assert name in refusal(table, published(**{name: [{"hour": 2**70, "weight": 1}]}))


@pytest.mark.parametrize(
    ("table", "published", "name"),
    [(table, published, name) for table, published, name in columns("text") if name.endswith("_id")],
)
def test_an_id_has_128_characters_at_most(table: Table, published: Published, name: str) -> None:
    assert "129 characters" in refusal(table, published(**{name: "x" * 129}))
    assert stored(table, published(**{name: "x" * 128}))[name] == "x" * 128


@pytest.mark.parametrize(("table", "published"), [(AFFINITIES, affinity), (FEEDBACK, feedback)])
def test_a_viewer_is_such_an_id_with_its_tag(table: Table, published: Published) -> None:
    longest = "u:" + "x" * 128
    assert stored(table, published(viewer=longest))["viewer"] == longest
    assert "131 characters" in refusal(table, published(viewer=longest + "x"))
