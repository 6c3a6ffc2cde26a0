"""Two workers with one instance id would fence each other for ever: the second one does not start."""

from contextlib import closing
from pathlib import Path

import pytest

from ops.runtime.program import LOUD_STOP
from tests.services import ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import StreamsPipeline

pytestmark = pytest.mark.integration

PATIENCE_S = 240.0


def test_a_second_worker_with_a_living_ones_id_does_not_start(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    pipeline = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, tmp_path)
    first, twin = pipeline.worker("a-name"), pipeline.worker("twin", instance_id="a-name")
    with closing(pipeline), ended_at_last(first, twin):
        first.start()
        twin.launch()
        assert twin.wait(PATIENCE_S) == LOUD_STOP, twin.tail()
        assert "SILLAGE_INSTANCE_ID" in twin.tail()
        wait_until(first.ready, PATIENCE_S, first.tail)
        assert first.running


@pytest.mark.long
def test_nor_does_it_where_the_living_one_cannot_be_asked(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    """As on two machines with the defaults: the address that the first one tells leads nowhere."""
    pipeline = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, tmp_path, 6_000)
    nowhere = {"SILLAGE_LIVE_ADVERTISE": "nowhere.invalid:7101"}
    first = pipeline.worker("first", instance_id="a-name", **nowhere)
    twin = pipeline.worker("twin", instance_id="a-name", **nowhere)
    with closing(pipeline), ended_at_last(first, twin):
        first.start()
        twin.launch()
        assert twin.wait(PATIENCE_S) == LOUD_STOP, twin.tail()
        assert "SILLAGE_LIVE_ADVERTISE" in twin.tail()
        wait_until(first.ready, PATIENCE_S, first.tail)
        assert first.running
