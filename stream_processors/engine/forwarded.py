"""What an agent writes beside its rows."""

from typing import final

from schemas.topics import Topic


@final
class Forwarded:
    """A record for another topic, written in the same transaction as the rows."""

    def __init__(self, topic: Topic, partition: int, key: bytes | None, value: bytes) -> None:
        # Written out: compiled, a dataclass or a named tuple would take many times as long to make.
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
