"""The pipeline on this machine without a container engine: real servers, supervised, in one folder."""

from ops.runtime.errors import NotRunning, RuntimeProblem, StartFailed
from ops.runtime.home import DEVELOPMENT_HOME
from ops.runtime.instance import Instance, Watch
from ops.runtime.ports import Ports
from ops.runtime.status import Status

__all__ = [
    "DEVELOPMENT_HOME",
    "Instance",
    "NotRunning",
    "Ports",
    "RuntimeProblem",
    "StartFailed",
    "Status",
    "Watch",
]
