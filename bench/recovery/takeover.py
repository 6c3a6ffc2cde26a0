"""How long it takes an engine to take over all partitions: fence, read the offsets, load every row.

`python -m bench.recovery.takeover BOOTSTRAP REGISTRY PREFIX` does it once, and writes what it took as JSON.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from prometheus_client import CollectorRegistry

from ops import compilation
from schemas.topics import INTERACTIONS, Namespace
from stream_processors.agents import session_agent
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.engine import Engine
from stream_processors.engine.metrics import EngineMetrics, Instruments
from stream_processors.engine.partition import FlushPolicy
from stream_processors.engine.session import Membership, Session
from stream_processors.engine.takeover import Kafka, Takeover
from wire.clients import Cluster
from wire.registry import Registry

SESSION_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows loaded, wall seconds, CPU seconds of the process."""

    rows: int
    seconds: float
    cpu: float


def take_over(cluster: Cluster, registry_url: str, space: Namespace) -> Taken:
    """Let a fresh session engine take over every partition and let go again: a process as a service's is."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.recovery.takeover",
            cluster.bootstrap,
            registry_url,
            space.prefix,
        ],
        env={**os.environ, **compilation.environment()},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


async def _take_over(cluster: Cluster, registry_url: str, space: Namespace) -> Taken:
    registry = Registry(registry_url)
    job = session_agent(registry, space)
    metrics = EngineMetrics(Instruments(CollectorRegistry()), job.application)
    topic = space.topic(INTERACTIONS)
    session = Session(SESSION_TIMEOUT_S)
    session.renewed(session.clock())
    kafka = Kafka(cluster, space.group(job.application))
    takeover = Takeover(job, space, kafka, lambda _letter: b"", session)
    engine = Engine(job, topic, takeover, session, metrics, FlushPolicy())
    wanted = {TopicPartition(topic, number) for number in range(INTERACTIONS.partitions)}
    began, used = time.monotonic(), _cpu()
    await engine.take(wanted, Membership("bench", 1))
    taken = Taken(_rows(engine), time.monotonic() - began, _cpu() - used)
    await engine.close()
    return taken


def _rows(engine: Engine) -> int:
    tables = [engine.tables(number) or () for number in range(INTERACTIONS.partitions)]
    return sum(len(table.committed) for of_partition in tables for table in of_partition)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    bootstrap, registry_url, prefix = sys.argv[1:]
    taken = asyncio.run(_take_over(Cluster(bootstrap), registry_url, Namespace(prefix)))
    sys.stdout.write(json.dumps(asdict(taken)) + "\n")
