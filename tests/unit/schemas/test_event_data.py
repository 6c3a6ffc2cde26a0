"""What eventData's JSON text may hold: the quick look at the text and the walk through the tree agree."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import limits
from schemas.event_data import check_tree, json_text
from schemas.rejection import InvalidEvent

INTEGERS = [2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**70]
TEXTS = ["\0", "\\u0000", "\ud800", "null", "{["]
AWKWARD = st.sampled_from([*INTEGERS, *TEXTS, float("nan"), float("inf"), 1e308, None, True])
SCALARS = AWKWARD | st.integers() | st.floats() | st.text(max_size=5)
KEYS = st.sampled_from(["a", "b", "\0", "\ud800", "null"]) | st.text(max_size=3)
TREES = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=12),
    max_size=4,
)


def nested(levels: int) -> dict[str, Any]:
    return {} if levels == 1 else {"a": nested(levels - 1)}


def refused_by_walking(data: dict[str, Any]) -> bool:
    try:
        check_tree("eventData", data)
    except InvalidEvent:
        return True
    return False


@given(TREES)
def test_a_tree_is_refused_as_text_exactly_where_walking_it_refuses_it(data: dict[str, Any]) -> None:
    if refused_by_walking(data):
        with pytest.raises(InvalidEvent):
            json_text("eventData", data, limits.EVENT_DATA_BYTES)
    else:
        text = json_text("eventData", data, limits.EVENT_DATA_BYTES)
        assert orjson.loads(text) == orjson.loads(orjson.dumps(data))


@pytest.mark.parametrize("levels", [limits.EVENT_DATA_DEPTH, limits.EVENT_DATA_DEPTH + 1, 300])
def test_depth_is_counted_in_levels(levels: int) -> None:
    assert refused_by_walking(nested(levels)) == (levels > limits.EVENT_DATA_DEPTH)
    if levels > limits.EVENT_DATA_DEPTH:
        with pytest.raises(InvalidEvent):
            json_text("eventData", nested(levels), limits.EVENT_DATA_BYTES)
    else:
        assert json_text("eventData", nested(levels), limits.EVENT_DATA_BYTES)
