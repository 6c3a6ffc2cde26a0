"""Faults at random against the stream workers, and the proof that no row is wrong afterwards."""
