"""The demo: a made-up but lifelike afternoon on the site, sent over HTTP, and the proof that it was counted.

`clickstream.py` makes the visits (pure, seeded), `sender.py` sends them, `reckoning.py` compares the counts.
"""
