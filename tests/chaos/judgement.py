"""Every row of every published table, and every dead letter, against what the events amount to.

The rows are read by Confluent's stock deserializer, committed records only; what they should be is worked out
from the script that was sent, by brute force. So is which sessions are closed: by their partition's time they
must be, and before the wall clock's time none may be.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.reasons import Reason
from schemas.topics import DEAD_LETTER, SESSIONS, Topic
from tests.chaos.load import Script
from tests.oracle.lifetimes import History, history
from tests.stock_reader import StockReader
from tests.streams_pipeline import PUBLIC, Row, closings, differing, home_of_session

LETTERS = "dead letters"
CLOSING_S = 120.0
"""After the last event has been applied, so long may the last sessions take to be closed."""


@dataclass(frozen=True)
class Judgement:
    """Rows compared and differences found (a line each), by table."""

    rows: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)


def judge(reader: StockReader, script: Script) -> Judgement:
    """Compare everything; to be asked when nothing is left to apply."""
    judgement = Judgement()
    told = history(script.sent(), home_of_session)
    for topic, expect in PUBLIC.items():
        expected = expect(told.in_sessions() if topic is SESSIONS else told.counted)
        judgement.rows[topic.name] = len(expected)
        judgement.differences[topic.name] = _table(reader, topic, expected, told)
    letters = {Reason.UNDECODABLE.value: script.poisons(), Reason.LATE.value: told.late}
    judgement.rows[LETTERS] = sum(letters.values())
    judgement.differences[LETTERS] = _letters(reader, letters)
    return judgement


def _table(reader: StockReader, topic: Topic, expected: Mapping[str, Row], told: History) -> list[str]:
    """Differences; of sessions, those that are left when there has been time to close them."""
    until = time.monotonic() + CLOSING_S
    while True:
        published = reader.rows(topic)
        found = differing(topic.name, expected, published, closings(told))
        if topic is not SESSIONS or not found or time.monotonic() > until:
            return found
        time.sleep(1.0)


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
