"""Kafka and a schema registry for one benchmark."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ops.runtime import Instance, Ports
from ops.runtime.home import PROJECT

HOMES: Final = PROJECT / ".sillage" / "bench" / "runs"


@contextmanager
def servers() -> Iterator[Instance]:
    """Servers of their own, on free ports, gone at the end whatever happens. Raises RuntimeProblem."""
    home = HOMES / str(os.getpid())
    instance = Instance(home, ports=Ports.free(), durable=False, owner=os.getpid())
    try:
        instance.start_servers()
        yield instance
    finally:
        instance.stop()
        shutil.rmtree(home, ignore_errors=True)
