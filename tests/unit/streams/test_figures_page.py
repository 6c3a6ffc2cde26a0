"""docs/figures.md speaks of every published figure, and says the weights that the code uses."""

import re
from pathlib import Path

import pytest

from schemas import avro_schemas
from stream_processors.perfumes.windows import WEIGHTS

PAGE = (Path(__file__).parents[3] / "docs" / "figures.md").read_text("utf-8")
SECTIONS = {
    "session": "## Session",
    "perfume_stats": "## Perfume",
    "affinity": "## Affinity",
    "recommendation_feedback": "## Recommendation feedback",
}


@pytest.mark.parametrize(("schema", "heading"), SECTIONS.items())
def test_each_figure_is_explained_in_its_own_section(schema: str, heading: str) -> None:
    section = re.split(r"^## ", PAGE.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    explained = set(re.findall(r"`(\w+)`", rows))
    ids = {"session_id", "perfume_id", "viewer", "recommendation_id", "generation"}
    assert {field["name"] for field in avro_schemas.schema(schema)["fields"]} - ids == explained - ids


def test_the_weights_are_those_of_the_code() -> None:
    told = {
        event_type: int(weight)
        for types, weight in re.findall(r"^\| ([A-Z_, ]+) \| (\d+) \|$", PAGE, flags=re.MULTILINE)
        for event_type in types.split(", ")
    }
    assert told == WEIGHTS
