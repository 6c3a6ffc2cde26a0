"""The real servers the tests run on: Kafka, schema registry, PostgreSQL. One stack for a whole test run.

Chosen in this order: servers named in the environment (SILLAGE_TEST_KAFKA, SILLAGE_TEST_REGISTRY and
SILLAGE_TEST_DATABASE, a superuser's postgresql:// URL); containers, where an engine answers; else native
ones, on ports of their own, so that a running `make up` is not touched. SILLAGE_TEST_STACK=native or
=containers decides otherwise.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg

from ops.runtime import Instance, Ports
from ops.runtime.home import PROJECT

COMPOSE_FILE = "docker-compose.kafka.yml"
RUNS = PROJECT / ".sillage" / "tests"


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the servers are. `instance`: the native one, for tests that kill or restart a server."""

    bootstrap: str
    registry_url: str
    admin_url: str
    instance: Instance | None = None

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """An empty database, dropped at the end; gives its DSN."""
        self._administer(f'CREATE DATABASE "{name}"')
        try:
            yield self.database_url(name)
        finally:
            self._administer(f'DROP DATABASE "{name}" WITH (FORCE)')

    def database_url(self, database: str) -> str:
        """DSN of one of the server's databases, in the form of a URL."""
        return urlsplit(self.admin_url)._replace(path=f"/{database}").geturl()

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as session:
            session.execute(statement.encode())


def choose() -> AbstractContextManager[Stack]:
    """The stack for this run."""
    if (given := _given()) is not None:
        return given
    wanted = os.environ.get("SILLAGE_TEST_STACK")
    if wanted == "containers" or (wanted is None and _engine_answers()):
        return _containers()
    return _native()


def _given() -> AbstractContextManager[Stack] | None:
    names = ("SILLAGE_TEST_KAFKA", "SILLAGE_TEST_REGISTRY", "SILLAGE_TEST_DATABASE")
    values = [os.environ.get(name) for name in names]
    if not any(values):
        return None
    kafka, registry, database = values
    if not (kafka and registry and database):
        raise ValueError(f"set all of {', '.join(names)}, or none")
    return _as_is(Stack(kafka, registry, database))


@contextmanager
def _as_is(stack: Stack) -> Iterator[Stack]:
    yield stack


def _engine_answers() -> bool:
    """Whether there is a container engine that can also run a compose file."""
    if shutil.which("docker") is None:
        return False
    asked = (["docker", "info"], ["docker", "compose", "version"])
    return all(
        subprocess.run(ask, capture_output=True, timeout=30, check=False).returncode == 0 for ask in asked
    )


@contextmanager
def _containers() -> Iterator[Stack]:
    from testcontainers.compose import DockerCompose

    ports = Ports.free()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "compose.env"
        settings.write_text(
            f"COMPOSE_PROJECT_NAME=sillage-tests-{os.getpid()}\n"
            f"SILLAGE_KAFKA_PORT={ports.kafka}\n"
            f"SILLAGE_REGISTRY_PORT={ports.registry}\n"
            f"SILLAGE_POSTGRES_PORT={ports.postgres}\n"
        )
        with DockerCompose(
            PROJECT, COMPOSE_FILE, env_file=str(settings), services=["kafka", "registry", "postgres"]
        ):
            yield Stack(
                bootstrap=f"127.0.0.1:{ports.kafka}",
                registry_url=f"http://127.0.0.1:{ports.registry}/apis/ccompat/v7",
                admin_url=f"postgresql://postgres:sillage@127.0.0.1:{ports.postgres}/postgres",
            )


@contextmanager
def _native() -> Iterator[Stack]:
    _sweep()
    home = RUNS / str(os.getpid())
    # Owned by this process: whatever ends the run, a kill included, ends the servers.
    instance = Instance(home, ports=Ports.free(), durable=False, owner=os.getpid())
    try:
        instance.start_servers()
        yield Stack(
            instance.bootstrap, instance.registry_url, instance.state.database_url("postgres"), instance
        )
    finally:
        instance.stop()
        shutil.rmtree(home, ignore_errors=True)


def _sweep() -> None:
    """Remove the folders of runs that were killed."""
    for left in RUNS.glob("*"):
        if not psutil.pid_exists(int(left.name)):
            Instance(left).stop()
            shutil.rmtree(left, ignore_errors=True)
