"""Two workers with one instance id would fence each other for ever: the second one does not start."""

from contextlib import closing
from pathlib import Path

import pytest

from ops.runtime.program import LOUD_STOP
from tests.services import ended_at_last
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
        assert first.ready(), first.tail()
