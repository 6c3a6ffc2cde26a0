"""Logs and metrics: one vocabulary for all services."""
