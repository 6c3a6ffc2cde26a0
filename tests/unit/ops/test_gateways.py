"""Several gateways on one port are processes of their own, in every list and under one setting."""

from pathlib import Path

from ops.runtime import services
from ops.runtime.home import Home
from ops.runtime.ports import Ports
from ops.runtime.program import gateway_names, kind_of
from ops.runtime.state import State
from ops.runtime.status import Status
from ops.runtime.supervision import ProcessStatus

RUNNING = ProcessStatus("RUNNING", pid=1, uptime_seconds=1, restarts=0, exit_code=None)


def test_each_gateway_is_a_program_of_its_own_with_the_same_settings(tmp_path: Path) -> None:
    programs = services.programs(Home(tmp_path), State.new(Ports.from_base()), "", gateways=3)
    gateways = [program for program in programs if kind_of(program.name) == "gateway"]
    assert [program.name for program in gateways] == ["gateway", "gateway-2", "gateway-3"] == gateway_names(3)
    assert len({tuple(program.environment.items()) for program in gateways}) == 1


def test_they_stand_together_in_the_status(tmp_path: Path) -> None:
    names = ("sink", "gateway-2", "kafka", "gateway")
    status = Status.of(Home(tmp_path), State.new(Ports.from_base()), dict.fromkeys(names, RUNNING))
    assert list(status.processes) == ["kafka", "gateway", "gateway-2", "sink"]
