"""Brute-force readings of what the figures must be, written apart from the reducers they judge."""
