"""Keys are found where Kafka's own clients put them."""

from aiokafka.partitioner import murmur2 as kafkas
from hypothesis import example, given
from hypothesis import strategies as st

from wire.partitions import murmur2


@given(st.binary(max_size=64))
@example(b"")
@example(b"\xff\xff\xff")
@example(b"\x80" * 8)
def test_a_key_hashes_as_in_kafkas_clients(key: bytes) -> None:
    assert murmur2(key) == kafkas(key)
