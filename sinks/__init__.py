"""The sink: Kafka in, PostgreSQL out. Every event is stored once, whatever crashes.

    poll -> decode -> row or rejection -> batch -> [ dead letters, acknowledged ] -> one transaction

The transaction holds the rows and the offsets behind them, so what is stored and how far Kafka was read can
never disagree; a process that lost its partitions finds the offsets moved and stores nothing.
"""
