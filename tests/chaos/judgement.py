"""Every row of every published table, and every dead letter, against what the events amount to.

The rows are read by Confluent's stock deserializer, committed records only; what they should be is worked out
from the script that was sent, by brute force.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.reasons import Reason
from schemas.topics import DEAD_LETTER
from tests.chaos.load import Script
from tests.stock_reader import StockReader
from tests.streams_pipeline import PUBLIC, differing

LETTERS = "dead letters"


@dataclass(frozen=True)
class Judgement:
    """Rows compared and differences found (a line each), by table."""

    rows: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)


def judge(reader: StockReader, script: Script) -> Judgement:
    """Compare everything; to be asked when nothing is left to apply."""
    judgement = Judgement()
    log = list(script.counted())
    for topic, expect in PUBLIC.items():
        expected, published = expect(log), reader.rows(topic)
        judgement.rows[topic.name] = len(expected)
        judgement.differences[topic.name] = differing(topic.name, expected, published)
    expected_letters = script.letters()
    judgement.rows[LETTERS] = expected_letters.total()
    judgement.differences[LETTERS] = _letters(reader, expected_letters)
    return judgement


def _letters(reader: StockReader, expected: Mapping[str, int]) -> list[str]:
    """Each bad record has exactly one letter: they are written in the transactions that pass the record."""
    found: Counter[str] = Counter()
    sources: Counter[tuple[object, ...]] = Counter()
    for letter in reader.values(DEAD_LETTER):
        found[letter["reason"]] += 1
        place = (letter["source_topic"], letter["source_partition"], letter["source_offset"])
        sources[letter["stage"], *place] += 1
    wrong = [
        f"{reason}: expected {expected.get(reason, 0)}, found {found[reason]}"
        for reason in sorted({*expected, *found, Reason.PROCESSOR_ERROR.value})
        if expected.get(reason, 0) != found[reason]
    ]
    return wrong + [f"{times} letters about {source}" for source, times in sources.items() if times > 1]
