"""Which partition a key lives in, and whether a record is where it belongs.

A row, and the memory of which events it has, is kept by one partition's owner. A record elsewhere would be
counted apart from its like, and stored beside a copy of itself: agents and sink refuse it by the same rule.
"""

from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

from schemas.storable import InvalidRecord
from schemas.topics import Topic

KNOWN_KEYS: Final = 65_536
"""How many answers are kept: the hash is plain Python, and the same keys are asked for again and again."""


def home_partition(topic: Topic, key: str) -> int:
    """The partition of the topic that keeps this key: Kafka's default, murmur2 over its UTF-8 bytes."""
    return _positive_hash(key) % topic.partitions


@lru_cache(KNOWN_KEYS)
def _positive_hash(key: str) -> int:
    hashed: int = murmur2(key.encode())
    return hashed & 0x7FFFFFFF


def check_home(topic: Topic, key: str, partition: int) -> None:
    """Raises InvalidRecord where the record with this key should be in another partition of the topic."""
    home = home_partition(topic, key)
    if home != partition:
        raise InvalidRecord(
            f"{topic.key} {key} belongs to partition {home} of {topic.name}, not {partition}:"
            f" the record's key must be its {topic.key}, partitioned by murmur2"
        )
