"""What is sent to Kafka."""

from typing import NamedTuple


class Record(NamedTuple):
    """One record of a topic: its key, which decides the partition, and its wire bytes."""

    key: bytes
    value: bytes
