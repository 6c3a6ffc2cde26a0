"""The chaos run, scaled down; `make chaos-streams` is the full one."""

import time
from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos.streams import run
from tests.stack import Stack

pytestmark = pytest.mark.integration


@pytest.mark.timeout(600)
def test_every_row_is_right_after_faults_of_every_kind(stack: Stack, tmp_path: Path) -> None:
    if stack.instance is None:
        pytest.skip("this stack's Kafka cannot be killed from here")
    seed = int(time.time()) % 100_000
    outcome = run(stack, events=20_000, faults=8, seed=seed, folder=tmp_path, console=Console())
    assert outcome.differences == {name: [] for name in outcome.differences}, f"seed {seed}: {outcome.faults}"
