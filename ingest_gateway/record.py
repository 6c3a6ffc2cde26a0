"""What is sent to Kafka."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic: its key, which decides the partition, and its wire bytes."""

    key: bytes
    value: bytes
