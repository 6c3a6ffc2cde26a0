"""The audit: every published and stored row against what the raw events amount to.

The rows are worked out anew in SQL from `interaction_events`, by the definitions in `docs/figures.md`;
nothing of the stream processor's code takes part.

`subjects.py` says what is compared and how closely; `session_rows.py`, `perfume_rows.py` and
`viewer_rows.py` recompute; `published.py` and `letters.py` read Kafka; `comparison.py` finds differences;
`settling.py` looks again while events are under way; `auditor.py` puts them together.
"""
