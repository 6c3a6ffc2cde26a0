"""One running pipeline on this machine: the servers, the services, and what they are told."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from threading import Event
from typing import Protocol

from ops.runtime import distribution, kafka, orphans, postgres, prerequisites, registry, services
from ops.runtime.configuration import configuration
from ops.runtime.distribution import Distribution, Fetching
from ops.runtime.errors import NotRunning, StartFailed
from ops.runtime.home import DEVELOPMENT_HOME, Home, tail
from ops.runtime.ports import HOST, Ports
from ops.runtime.program import SERVERS, SERVICES, Program, gateway_names, kind_of
from ops.runtime.readiness import SERVER, SERVICE, wait_ready
from ops.runtime.state import State
from ops.runtime.status import Status
from ops.runtime.supervision import STOP_DEADLINE_S, ProcessStatus, Supervisor


class Watch(Protocol):
    """Is told how starting goes; called from several threads."""

    def fetching(self, progress: Fetching) -> None:
        """The Java servers are being downloaded."""

    def starting(self, name: str) -> None:
        """A process was started."""

    def ready(self, name: str, seconds: float) -> None:
        """It does its work."""


class Unwatched:
    """For those who only want the outcome."""

    def fetching(self, progress: Fetching) -> None:
        """Say nothing."""

    def starting(self, name: str) -> None:
        """Say nothing."""

    def ready(self, name: str, seconds: float) -> None:
        """Say nothing."""


class Instance:
    """An instance folder and the processes that belong to it.

    ports: where it is to listen; by default where it did before, at first on 7100 and the following.
    durable: whether PostgreSQL waits for the disk; off only for tests.
    owner: pid of the process with whose end the instance ends by itself; None: it goes on.
    namespace: prefix of the services' topics and groups.
    gateways: how many gateway processes share the gateway's port.
    """

    def __init__(
        self,
        home: Path = DEVELOPMENT_HOME,
        *,
        ports: Ports | None = None,
        durable: bool = True,
        owner: int | None = None,
        namespace: str = "",
        gateways: int = 1,
    ) -> None:
        self.home = Home(home)
        kept = State.load(self.home.state)
        self.state = kept or State.new(ports or Ports.from_base())
        if ports is not None:
            self.state = self.state.at(ports)
        self.namespace = namespace
        self._gateways = gateway_names(gateways)
        self._durable = durable
        self._owner = owner
        self._supervisor = Supervisor(self.home, self.state)

    @property
    def bootstrap(self) -> str:
        """Kafka's bootstrap address."""
        return f"{HOST}:{self.state.ports.kafka}"

    @property
    def registry_url(self) -> str:
        """Base URL of the registry's Confluent API."""
        return registry.url(self.state.ports)

    @property
    def database_url(self) -> str:
        """DSN of the pipeline's database."""
        return self.state.database_url()

    def running(self) -> bool:
        """Whether its supervisor answers; single processes may be down."""
        return self._supervisor.alive()

    def start_servers(self, watch: Watch | None = None) -> None:
        """Start Kafka, registry and PostgreSQL at once and wait until each answers.

        What a killed supervisor left running is ended first. Raises RuntimeProblem; then nothing runs.
        """
        watch = watch or Unwatched()
        prerequisites.check(maven=distribution.present() is None)
        servers = distribution.ensure(watch.fetching)
        with self.home.starting():
            orphans.end(self.home.root)
            self.state.ports.check_free()
            self.home.create()
            self.state.save(self.home.state)
            try:
                self._prepare(servers)
                self._supervisor.start(
                    configuration(self.home, self.state, self._programs(servers), self._owner)
                )
                self._start(SERVERS, watch)
            except BaseException:
                self.stop()
                raise

    def provision(self) -> None:
        """Create or update topics, schemas and tables; quick when there is nothing to do."""
        from ops.provision import provision

        provision(self.bootstrap, self.registry_url, self.database_url, self.namespace)

    def start_services(self, watch: Watch | None = None) -> None:
        """Start gateway, stream processor and sink and wait until each says it is ready."""
        self._start(dict.fromkeys((*self._gateways, *SERVICES)), watch or Unwatched())

    def stop(self) -> bool:
        """Stop everything, services first; afterwards no process of the instance is left.

        Returns whether there was anything to stop.
        """
        supervised = True
        try:
            self._supervisor.shut_down()
            deadline = time.monotonic() + STOP_DEADLINE_S
            while orphans.find(self.home.root) and time.monotonic() < deadline:
                time.sleep(0.1)
        except NotRunning:
            supervised = False
        left = orphans.end(self.home.root)
        self._supervisor.reap()
        return supervised or left > 0

    def restart(self, name: str) -> None:
        """Stop one process and start it again; returns when it is ready."""
        self._supervisor.stop_process(name)
        self._start([name], Unwatched())

    def pid(self, name: str) -> int:
        """The process id; raises NotRunning if the process is down."""
        found = self._supervisor.processes()[name].pid
        if found is None:
            raise NotRunning(f"{name} is not running: see {self.home.log(name)}")
        return found

    def processes(self) -> Mapping[str, ProcessStatus]:
        """What each process does; empty if nothing runs."""
        try:
            return self._supervisor.processes()
        except NotRunning:
            return {}

    def status(self) -> Status:
        """The instance at this moment."""
        return Status.of(self.home, self.state, self.processes())

    def _prepare(self, servers: Distribution) -> None:
        kafka.prepare(self.home, self.state.ports, servers)
        postgres.prepare(self.home, self.state)

    def _programs(self, servers: Distribution) -> list[Program]:
        return [
            kafka.program(self.home, servers),
            registry.program(self.home, self.state.ports, servers),
            postgres.program(self.home, self.state, postgres.shed_root(self.home), durable=self._durable),
            *services.programs(self.home, self.state, self.namespace, len(self._gateways)),
        ]

    def _checks(self) -> Mapping[str, Callable[[], bool]]:
        ports = self.state.ports
        return {
            "kafka": partial(kafka.ready, ports),
            "registry": partial(registry.ready, ports),
            "postgres": partial(postgres.ready, self.state),
            **{name: partial(services.ready, name, ports) for name in SERVICES},
        }

    def _start(self, names: Iterable[str], watch: Watch) -> None:
        chosen = list(names)
        for name in chosen:
            watch.starting(name)
            self._supervisor.start_process(name)
        enough = Event()
        with ThreadPoolExecutor(len(chosen)) as waiting:
            try:
                waits = [waiting.submit(self._wait, name, watch, enough) for name in chosen]
                for done in as_completed(waits):
                    done.result()
            finally:
                # After a failure, or an interruption, nobody needs to go on waiting for the others.
                enough.set()

    def _wait(self, name: str, watch: Watch, enough: Event) -> None:
        def status() -> ProcessStatus:
            try:
                return self._supervisor.processes()[name]
            except NotRunning:
                raise StartFailed(name, "was stopped from elsewhere", "") from None

        patience = SERVER if name in SERVERS else SERVICE
        log = partial(tail, self.home.log(name))
        seconds = wait_ready(name, self._checks()[kind_of(name)], status, patience, log, pause=enough.wait)
        watch.ready(name, seconds)
