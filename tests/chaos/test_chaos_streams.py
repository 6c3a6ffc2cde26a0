"""The chaos run, scaled down; `make chaos-streams` is the full one."""

import time
from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos.faults import FAULTS
from tests.chaos.load import Script
from tests.chaos.streams import run
from tests.stack import Stack

pytestmark = pytest.mark.integration

SEED = 4


@pytest.mark.timeout(1_200)
def test_every_row_is_right_after_faults_of_every_kind(stack: Stack, tmp_path: Path) -> None:
    """Always the same events and faults; nothing here is judged by how long it takes."""
    if stack.instance is None:
        pytest.skip("this stack's Kafka cannot be killed from here")
    script = Script(SEED, events=20_000, now_ms=time.time_ns() // 1_000_000)
    outcome = run(stack, script, faults=len(FAULTS), folder=tmp_path, console=Console())
    assert outcome.differences == {name: [] for name in outcome.differences}, outcome.faults
