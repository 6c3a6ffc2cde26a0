"""Exactly-once effect on Faust: one flush is one Kafka transaction per source partition.

    Kafka ─► fetch.py ─► Faust's queue ─► feed ─► partition.py ─► held.py ──► transaction.py ─► Kafka
             a Batch      (may drop        │ guard.py: in      rows changed,    rows, forwarded records,
             with its     what it holds)   │ order, once?      position moved   dead letters, offset: together
             offset range                  └─ no: seek back
    takeover.py, on assignment: fence the predecessor, then (restore.py) read the offset, then load the rows
    session.py: the partitions are ours while Kafka takes heartbeats, and from one generation to the next

So: committed offset = state = output, always. A crash leaves nothing half done; a zombie's next transaction
is fenced; and the only rule for what is built on top is that it changes rows through `table.py`.
"""
