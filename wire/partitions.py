"""Which partition a key lives in, and whether a record is where it belongs.

A row, and the memory of which events it has, is kept by one partition's owner. A record elsewhere would be
counted apart from its like, and stored beside a copy of itself: agents and sink refuse it by the same rule.
"""

from mypy_extensions import i64

from schemas.storable import InvalidRecord
from schemas.topics import Topic


def home_partition(topic: Topic, key: str) -> int:
    """The partition of the topic that keeps this key: Kafka's default, murmur2 over its UTF-8 bytes."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % topic.partitions


def murmur2(data: bytes) -> int:
    """The hash of a key's bytes, 32 bits without sign, as Kafka's partitioner has it.

    https://github.com/apache/kafka/blob/4.1/clients/src/main/java/org/apache/kafka/common/utils/Utils.java
    """
    # `i64`: compiled, it is a machine word; a key costs less than to look its hash up.
    low32: i64 = 0xFFFFFFFF
    mix: i64 = 0x5BD1E995
    size: i64 = len(data)
    tail: i64 = size & ~3
    hashed: i64 = 0x9747B28C ^ size
    at: i64 = 0
    while at < tail:
        word: i64 = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
        word = word * mix & low32
        hashed = (hashed * mix & low32) ^ ((word ^ word >> 24) * mix & low32)
        at += 4
    if size > tail:
        while size > tail:
            size -= 1
            hashed ^= data[size] << 8 * (size - tail)
        hashed = hashed * mix & low32
    hashed = (hashed ^ hashed >> 13) * mix & low32
    return hashed ^ hashed >> 15


def check_home(topic: Topic, key: str, partition: int) -> None:
    """Raises InvalidRecord where the record with this key should be in another partition of the topic."""
    home = home_partition(topic, key)
    if home != partition:
        raise InvalidRecord(
            f"{topic.key} {key} belongs to partition {home} of {topic.name}, not {partition}:"
            f" the record's key must be its {topic.key}, partitioned by murmur2"
        )
