"""What a library says over and over is told now and then, and how often it was said."""

import logging

from telemetry.repeats import APART_S, KINDS, Seldom
from telemetry.sparse_logs import by_logger, sparse_logger


def entry(text: object, *args: object, logger: str = "aiokafka") -> logging.LogRecord:
    return logging.LogRecord(logger, logging.ERROR, "", 0, text, args, None)


def test_of_one_wording_one_entry_a_second_is_told_with_the_number_of_those_left_out() -> None:
    now = [0.0]
    seldom = Seldom(lambda: now[0])
    told = []
    for _ in range(5):
        for node in (1, 2):
            record = entry("Unable to connect to %s", node)
            if seldom.filter(record):
                told.append(record.getMessage())
        now[0] += APART_S / 2
    assert told == [
        "Unable to connect to 1",
        "Unable to connect to 1 (and 3 more like it)",
        "Unable to connect to 1 (and 3 more like it)",
    ]


def test_other_wordings_and_other_loggers_are_told() -> None:
    seldom = Seldom(lambda: 0.0)
    assert all(map(seldom.filter, [entry("a"), entry("b"), entry("a", logger="faust")]))


def test_our_own_entries_are_never_left_out() -> None:
    seldom = Seldom(lambda: 0.0)
    own = {"event": "took over"}
    assert seldom.filter(entry(own))
    assert seldom.filter(entry(own))


def test_the_first_entry_of_all_is_told_whatever_the_clock_shows() -> None:
    seldom = Seldom(lambda: 18_000.123, apart_s=0.05)
    assert seldom.filter(entry("a"))


def test_a_sparse_logger_tells_one_entry_in_a_while_whatever_it_says() -> None:
    now = [18_000.123]
    sparse = Seldom(lambda: now[0], apart_s=10.0, kind=by_logger)
    said = []
    for text in ("a", "b", "c"):
        record = entry(text)
        if sparse.filter(record):
            said.append(record.getMessage())
    now[0] += 10.5
    last = entry("d")
    assert sparse.filter(last)
    assert [*said, last.getMessage()] == ["a", "d (and 2 more like it)"]


def test_asked_for_again_a_sparse_logger_is_not_made_sparser() -> None:
    assert sparse_logger("of a library") is sparse_logger("of a library")
    assert len(sparse_logger("of a library").filters) == 1


def test_texts_without_end_do_not_fill_the_memory() -> None:
    now = [0.0]
    seldom = Seldom(lambda: now[0])
    for number in range(3 * KINDS):
        assert seldom.filter(entry(f"offset {number} is gone"))
        now[0] += APART_S / 10
    assert len(seldom._told) <= KINDS
    at_once = Seldom(lambda: 0.0)
    for number in range(3 * KINDS):
        assert at_once.filter(entry(f"offset {number} is gone"))
    assert len(at_once._told) <= KINDS
