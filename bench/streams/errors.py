"""Errors of the benchmark.

BenchmarkError
├── BuildFailed     Maven could not build the Kafka Streams program
├── ProgramFailed   a program that is measured ended or stood still
└── TooFewCommits   a run was over too soon to be timed
"""


class BenchmarkError(Exception):
    """Base of all; the message says what to do."""


class BuildFailed(BenchmarkError):
    """With the end of Maven's output."""


class ProgramFailed(BenchmarkError):
    """With the end of the program's log."""


class TooFewCommits(BenchmarkError):
    """The run was over in so few commits that no stretch between two can be timed."""
