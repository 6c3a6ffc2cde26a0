"""Looking again while events are under way: a row that agreed at any moment is no difference."""

import time
from collections.abc import Callable
from typing import Final

from ops.audit.result import Result
from ops.audit.scope import Scope

LOOK_AGAIN_S: Final = 0.5
STEADY_S: Final = 10.0
"""Differences that stay the same for so long are no events under way: workers restart within it."""


def settle(
    look: Callable[[Scope], Result],
    scope: Scope,
    wait_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Look until nothing differs, the differences no longer change, or `wait_s` seconds are over."""
    deadline = clock() + wait_s
    result = look(scope)
    steady_since = clock()
    while result.differing and clock() < min(deadline, steady_since + STEADY_S):
        sleep(LOOK_AGAIN_S)
        again = result.after(look(result.remaining())) if result.complete else look(scope)
        if again.findings != result.findings:
            steady_since = clock()
        result = again
    return result
