"""Errors of the benchmark."""


class NotBack(Exception):
    """A worker that was killed did not come back; the message holds the end of its log."""
