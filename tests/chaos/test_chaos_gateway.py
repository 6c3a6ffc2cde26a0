"""The gateway's chaos run, scaled down, without verdicts on times; `make chaos-gateway` is the full one."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos.gateway import Plan, run, show
from tests.stack import Stack

pytestmark = pytest.mark.integration


@pytest.mark.timeout(900)
def test_every_answered_event_is_delivered_after_faults_of_every_kind(stack: Stack, tmp_path: Path) -> None:
    if stack.instance is None:
        pytest.skip("this stack's Kafka cannot be killed from here")
    verdict = run(stack, Plan(rate=40, outage_s=2, breath_s=0.5), tmp_path, Console())
    show(verdict, Console())
    assert {check: wrong for check, wrong in verdict.checks.items() if wrong is not None} == {}
