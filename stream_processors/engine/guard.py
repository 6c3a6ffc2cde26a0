"""The contiguity guard: is this batch the next piece of the source, an old one, or one too far?

Faust may drop fetched batches (its flow control clears queues after a seek), and it re-delivers after a
rebalance. A dropped batch that nobody noticed would be lost for good, because the position moves on.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """What to do with a batch."""

    APPLY = "apply"
    DROP = "drop"
    SEEK_BACK = "seek_back"


def judge(start: int, end: int, position: int) -> Verdict:
    """Judge the batch [start, end) for a partition that was applied up to, not including, `position`.

    APPLY: records from `position` on are to be applied, and earlier ones skipped.
    """
    if end <= position:
        return Verdict.DROP
    if start > position:
        return Verdict.SEEK_BACK
    return Verdict.APPLY
