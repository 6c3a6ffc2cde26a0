"""The attack, scaled down; `make attack-gateway` is the full one, and judges how fast answers are."""

from pathlib import Path

import pytest

from tests.attack.gateway import FLAT_MIB, SPARE_DESCRIPTORS, run
from tests.stack import Stack

pytestmark = pytest.mark.integration


@pytest.mark.timeout(600)
def test_good_requests_are_answered_under_attack_at_a_bounded_memory(stack: Stack, tmp_path: Path) -> None:
    seen = run(stack, tmp_path, seconds=6, slow=150, connections=2_000)
    assert set(seen.statuses) == {"200"}, seen
    assert seen.grown < FLAT_MIB, seen
    assert seen.unknown_descriptors <= SPARE_DESCRIPTORS, seen
    assert not seen.not_needed, seen
