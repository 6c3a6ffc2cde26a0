"""Hypothesis strategies for values of our Avro schemas."""

from typing import Any, Final

from hypothesis import strategies as st

INT64: Final = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [0, -1, 63, 64, 8191, 8192, 2**27, 2**34 - 1, 2**41, 2**62, 2**63 - 1, -(2**63)]
)
NINE_BYTES: Final = (
    st.integers(1_600_000_000_000, 1_900_000_000_000)
    | st.integers(-(2**62), 2**62 - 1)
    | st.sampled_from([0, -1, 63, 64, 8191, 8192, 2**33, 2**41, 2**62 - 1, -(2**62)])
)
"""What the generated decoders read; the integers beyond are left to fastavro."""

LONG_TEXTS: Final = st.sampled_from(["a" * 63, "a" * 64, "é" * 32, "a" * 5_000, "é" * 5_000, "a" * 9_000])
TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=10) | LONG_TEXTS


def values(kind: Any, longs: st.SearchStrategy[int] = INT64) -> st.SearchStrategy[Any]:
    """Any value of an Avro type; its longs of `longs`."""
    if isinstance(kind, list):
        return st.one_of([values(branch, longs) for branch in kind])
    if isinstance(kind, dict) and kind["type"] == "record":
        return st.fixed_dictionaries(
            {field["name"]: values(field["type"], longs) for field in kind["fields"]}
        )
    if isinstance(kind, dict) and kind["type"] == "array":
        return st.lists(values(kind["items"], longs), max_size=3)
    if isinstance(kind, dict):
        return values(kind["type"], longs)
    by_name: dict[str, st.SearchStrategy[Any]] = {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": longs,
        "double": st.floats(allow_nan=False),
        "string": TEXT,
        "bytes": st.binary(max_size=100),
    }
    return by_name[kind]
