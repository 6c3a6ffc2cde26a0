"""Errors of the benchmark.

BenchmarkError
├── BuildFailed    Go could not build a program
├── ProgramFailed  a program that is measured did not start, or ended
└── LoadFailed     the load tool ended with an error
"""


class BenchmarkError(Exception):
    """Base of all; the message says what to do."""


class BuildFailed(BenchmarkError):
    """With the end of Go's output."""


class ProgramFailed(BenchmarkError):
    """With the end of the program's log."""


class LoadFailed(BenchmarkError):
    """With what the tool said."""
