"""Live tables on Faust: what every session, and later every perfume, amounts to right now.

Where to look: `sessions/` says what a session's figures are (pure); `engine/` says how a figure becomes true
exactly once (Kafka); `live/` answers questions over HTTP; `app.py` wires them together.
"""
