"""Judging what the supervisor says."""

import itertools

import pytest

from ops.runtime.errors import StartFailed
from ops.runtime.follow import changes
from ops.runtime.readiness import Patience, wait_ready
from ops.runtime.supervision import ProcessStatus, restarts

PATIENCE = Patience(seconds=10, restarts=1)


def _process(
    state: str = "RUNNING", *, pid: int | None = 1, again: int = 0, exit_code: int | None = None
) -> ProcessStatus:
    return ProcessStatus(state, pid, 0, again, exit_code)


def _wait(answers: list[bool], seen: list[ProcessStatus], *, step_s: float = 0.1) -> float:
    ready, statuses, clock = iter(answers), iter(seen), itertools.count(step=step_s)
    return wait_ready(
        "sink",
        lambda: next(ready),
        lambda: next(statuses),
        PATIENCE,
        log=lambda: "its log",
        pause=lambda _seconds: False,
        clock=lambda: next(clock),
    )


def test_readiness_is_waited_for() -> None:
    assert _wait([False, False, True], [_process()] * 3) == pytest.approx(0.3)


def test_a_crash_or_two_on_the_way_are_forgiven_but_not_more() -> None:
    assert _wait([False, True], [_process(), _process(again=1)]) > 0
    with pytest.raises(StartFailed, match="sink ended while it was starting") as failure:
        _wait([False, False], [_process(), _process(again=2)])
    assert failure.value.log == "its log"


def test_a_process_that_stays_down_is_not_waited_for() -> None:
    down = _process("EXITED", pid=None, exit_code=78)
    with pytest.raises(StartFailed, match="sink ended with exit code 78"):
        _wait([False, False], [_process(), down])


def test_waiting_has_an_end() -> None:
    with pytest.raises(StartFailed, match="was not ready after 10 s"):
        _wait([False] * 10, [_process()] * 10, step_s=6.0)


def test_restarts_are_counted_from_the_supervisors_own_start() -> None:
    log = """
    INFO supervisord started with pid 1
    INFO spawned: 'sink' with pid 2
    INFO spawned: 'sink' with pid 3
    INFO supervisord started with pid 10
    INFO spawned: 'kafka' with pid 11
    INFO spawned: 'sink' with pid 12
    INFO spawned: 'sink' with pid 13
    INFO spawned: 'sink' with pid 14
    """
    assert restarts(log) == {"kafka": 0, "sink": 2}
    assert restarts("")["sink"] == 0


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (_process(pid=2), "sink ended and was started again (pid 1 → 2)"),
        (_process("EXITED", pid=None, exit_code=78), "sink stopped itself (exit code 78)"),
        (_process("EXITED", pid=None, exit_code=0), "sink is down (exited)"),
    ],
)
def test_who_follows_the_logs_is_told_what_became_of_a_process(now: ProcessStatus, said: str) -> None:
    (change,) = changes({"sink": _process()}, {"sink": now})
    assert change.startswith(said)


def test_nothing_is_said_while_nothing_changes() -> None:
    assert list(changes({"sink": _process()}, {"sink": _process()})) == []
