"""Measurements of the project beside others: run from a clone, not installed, not part of the services."""
