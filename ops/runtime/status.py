"""What an instance looks like to people and to other programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ops.runtime import registry, services
from ops.runtime.home import Home
from ops.runtime.ports import HOST
from ops.runtime.program import SERVERS, SERVICES, kind_of
from ops.runtime.state import State
from ops.runtime.supervision import ProcessStatus


@dataclass(frozen=True, slots=True)
class Status:
    """Where everything is and what runs of it."""

    home: Home
    state: State
    processes: Mapping[str, ProcessStatus]
    kept: bool = True
    """Whether the state is that of the folder; before the first start its credentials are nobody's."""

    @classmethod
    def of(cls, home: Home, state: State, processes: Mapping[str, ProcessStatus]) -> "Status":
        """Processes in the order in which they are started."""
        order = (*SERVERS, *SERVICES)
        known = sorted(processes, key=lambda name: (order.index(kind_of(name)), name))
        return cls(home, state, {name: processes[name] for name in known}, kept=home.state.exists())

    @property
    def running(self) -> bool:
        """Whether the instance was started."""
        return bool(self.processes)

    @property
    def complete(self) -> bool:
        """Whether every process of it runs."""
        return self.running and all(process.running for process in self.processes.values())

    def as_object(self) -> dict[str, Any]:
        """The object of `sillage status --json`; credentials are None before the first start."""
        ports, state, kept = self.state.ports, self.state, self.kept
        return {
            "running": self.running,
            "gateway": services.base_url("gateway", ports),
            "live": services.base_url("streams", ports),
            "sink": services.base_url("sink", ports),
            "database": state.database_url() if kept else None,
            "kafka": f"{HOST}:{ports.kafka}",
            "registry": registry.url(ports),
            "origin": state.origins()[0],
            "publishable_key": state.publishable_key if kept else None,
            "secret_key": state.secret_key if kept else None,
            "token_secret": state.token_secret if kept else None,
            "home": str(self.home.root),
            "ports": asdict(ports),
            "processes": {name: asdict(process) for name, process in self.processes.items()},
        }
