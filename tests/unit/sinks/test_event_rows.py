"""What an event must be to become a row: everything PostgreSQL would refuse is named before it gets there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import avro_schemas
from schemas.storable import InvalidRecord
from schemas.topics import INTERACTIONS
from sinks.event_rows import EVENT_COLUMNS, event_row
from tests.unit.sinks.records import interaction
from wire.partitions import home_partition

HOME = home_partition(INTERACTIONS, interaction()["session_id"])
TEXTS = [name for name, kind in EVENT_COLUMNS.items() if kind == "text"]


def stored(value: dict[str, Any]) -> dict[str, Any]:
    home = home_partition(INTERACTIONS, value["session_id"])
    return dict(zip(EVENT_COLUMNS, event_row(value, home, 17), strict=True))


def refusal(value: dict[str, Any]) -> str:
    with pytest.raises(InvalidRecord) as caught:
        event_row(value, HOME, 17)
    return str(caught.value)


def test_every_field_of_the_record_is_in_the_row_with_its_place_in_kafka() -> None:
    value = interaction()
    assert stored(value) == value | {"kafka_partition": HOME, "kafka_offset": 17}


def test_every_field_of_the_schema_has_a_column() -> None:
    fields = {field["name"] for field in avro_schemas.schema("interaction")["fields"]}
    assert fields == set(EVENT_COLUMNS) - {"kafka_partition", "kafka_offset"}


@given(name=st.sampled_from(TEXTS), before=st.text(max_size=20), bad=st.sampled_from(["\0", "\ud800"]))
def test_no_text_may_hold_a_nul_or_a_lone_surrogate(name: str, before: str, bad: str) -> None:
    assert name in refusal(interaction(**{name: before + bad}))


@given(st.sampled_from(TEXTS), st.text(max_size=100).filter(lambda text: "\0" not in text))
def test_any_other_text_is_taken_as_it_is(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert stored(interaction(**{name: text}))[name] == text


def test_lists_of_texts_are_looked_into() -> None:
    assert "truncated" in refusal(interaction(truncated=["referrer", "\0"]))


@pytest.mark.parametrize("name", ["seq", "duration", "receipt"])
@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**70])
def test_integers_fit_into_64_bits(name: str, number: int) -> None:
    assert name in refusal(interaction(**{name: number}))
    assert stored(interaction(**{name: 2**63 - 1}))[name] == 2**63 - 1


@pytest.mark.parametrize("name", ["occurred_at", "client_time", "sent_at", "received_at"])
@pytest.mark.parametrize("time", [-1, 253_402_300_800_000, 2**63 - 1])
def test_times_lie_where_a_timestamp_can(name: str, time: int) -> None:
    assert name in refusal(interaction(**{name: time}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_is_finite(value: float) -> None:
    assert "value" in refusal(interaction(value=value))


@pytest.mark.parametrize("event_id", ["", "x", "0192D3A4-5B6C-7D8E-9F01-23456789ABCD", "0" * 32])
def test_an_event_id_is_a_canonical_uuid(event_id: str) -> None:
    assert "event_id" in refusal(interaction(event_id=event_id))


@pytest.mark.parametrize(
    "text",
    ["", "{", "nul", "[]", "1", '{"a": NaN}', '{"a": "\\ud800"}', '{"a": "\\u0000"}', '{"\\\\\\u0000": 1}'],
)
@pytest.mark.parametrize("name", ["event_data", "context"])
def test_json_is_json_that_jsonb_can_hold(name: str, text: str) -> None:
    assert name in refusal(interaction(**{name: text}))


@pytest.mark.parametrize("text", ["{}", '{"a": "\\\\u0000"}', '{"a": "\\u0001\\n\\\\"}', '{"a": 1e300}'])
def test_json_that_only_looks_bad_is_taken(text: str) -> None:
    assert stored(interaction(event_data=text))["event_data"] == text


@pytest.mark.parametrize("name", ["session_id", "user_id", "perfume_id", "event_type"])
def test_what_is_indexed_has_a_limit(name: str) -> None:
    assert "129 characters" in refusal(interaction(**{name: "x" * 129}))


def test_an_event_in_another_partition_than_its_session_s_is_refused_as_the_agents_refuse_it() -> None:
    with pytest.raises(InvalidRecord, match=f"belongs to partition {HOME} of interactions"):
        event_row(interaction(), HOME + 1, 17)
