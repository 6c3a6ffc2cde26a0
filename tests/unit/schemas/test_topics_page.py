"""docs/topics.md says of every topic what the declaration says."""

import re
from pathlib import Path

import pytest

from schemas.topics import DAY_MS, TOPICS, Topic

PAGE = (Path(__file__).parents[3] / "docs" / "topics.md").read_text("utf-8")
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| `") and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 6
}


def kept(topic: Topic) -> str:
    days = "" if topic.retention_ms is None else f" {topic.retention_ms // DAY_MS} d"
    return topic.cleanup.value + days


@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if topic.value is not None], ids=lambda t: t.name
)
def test_a_topic_s_line_is_its_declaration(topic: Topic) -> None:
    _what, key, value, retention, producers = ROWS[topic.name]
    assert key == topic.key
    assert value == f"`{topic.value}.avsc`"
    assert retention == kept(topic)
    assert producers == ", ".join(topic.producers)


def test_every_topic_is_named_and_no_other() -> None:
    assert set(ROWS) == {topic.name for topic in TOPICS if topic.value is not None}
    private = PAGE.split("The agents' own state", 1)[1].split("\n\n", 1)[0]
    state = {topic.name for topic in TOPICS if topic.value is None}
    assert set(re.findall(r"`([\w-]+)`", private)) == state


def test_all_have_the_number_of_partitions_that_the_page_promises() -> None:
    (promised,) = re.findall(r"Every topic has (\d+) partitions", PAGE)
    assert {topic.partitions for topic in TOPICS} == {int(promised)}
