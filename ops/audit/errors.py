"""Errors of the audit."""


class CannotAudit(Exception):
    """Something the audit needs is missing or does not answer: it says nothing about the rows."""
