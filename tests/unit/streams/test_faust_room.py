"""The private names of Faust and aiokafka that the fetch room leans on, in the versions that are pinned."""

import importlib
from importlib.metadata import version

import pytest

from stream_processors.engine.fetch import RELIED_UPON

PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}


@pytest.mark.parametrize(("package", "expected"), PINNED.items())
def test_the_version_is_the_one_the_room_was_written_for(package: str, expected: str) -> None:
    assert version(package) == expected


@pytest.mark.parametrize(("module", "name"), RELIED_UPON)
def test_the_name_is_there(module: str, name: str) -> None:
    thing = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    assert thing is not None


def test_aiokafka_keeps_what_the_room_sets_and_reads_under_these_names() -> None:
    consumer = importlib.import_module("aiokafka.consumer.consumer")
    state = importlib.import_module("aiokafka.consumer.subscription_state")
    names = consumer.AIOKafkaConsumer.__init__.__code__.co_names
    assert {"_fetch_max_wait_ms", "_isolation_level", "_subscription"} <= set(names)
    assert "_position" in state.TopicPartitionState.__init__.__code__.co_names
    assert hasattr(state.Assignment, "state_value")
    assert hasattr(state.Assignment, "tps")
