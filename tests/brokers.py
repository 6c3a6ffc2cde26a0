"""Kafka brokers of our own: three, each killed and started at will, or one with a link that can be cut."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from ops.runtime.distribution import Distribution, ensure
from ops.runtime.home import NATIVE
from tests.certificates import authority
from tests.proxy import CuttableLink
from tests.services import free_port, wait_until
from wire.clients import ERRORS_ONLY, Cluster
from wire.security import Security

NODES: Final = (1, 2, 3)
"""Of three brokers."""
PATIENCE_S: Final = 300.0
SECURED: Final = """\
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LINKED:SASL_SSL
sasl.enabled.mechanisms=PLAIN
listener.name.linked.plain.sasl.jaas.config=\\
  org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{security.username}="{security.password}";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
"""
CLUSTER: Final = "c2lsbGFnZS10aHJlZS0wMQ"

PROPERTIES: Final = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},LINKED://127.0.0.1:{behind_link}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},LINKED://127.0.0.1:{link}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LINKED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=2000
"""


class Brokers:
    """A cluster in which each node is broker and controller."""

    def __init__(
        self, folder: Path, distribution: Distribution, nodes: Sequence[int] = NODES, more: str = ""
    ) -> None:
        """`more`: properties beside, or instead of, those above."""
        self._folder = folder
        self._more = more
        self._distribution = distribution
        self._nodes = nodes
        self._ports = {node: free_port() for node in nodes}
        self._controllers = {node: free_port() for node in nodes}
        self.behind_link = free_port()
        """The port of the first node's second listener, for a link to it."""
        self.link = self.behind_link
        """The port that is told to those who come by that listener: the link's, if there is one."""
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def bootstrap(self) -> str:
        """All of them."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports.values())

    def format(self) -> None:
        """Write each node's configuration and its empty log."""
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in self._controllers.items())
        for node in self._nodes:
            first = node == self._nodes[0]
            self._configuration(node).write_text(
                PROPERTIES.format(
                    node=node,
                    voters=voters,
                    port=self._ports[node],
                    controller=self._controllers[node],
                    behind_link=self.behind_link if first else free_port(),
                    link=self.link if first else self._ports[node],
                    replicas=len(self._nodes),
                    in_sync=len(self._nodes) // 2 + 1,
                    data=self._folder / f"data-{node}",
                )
                + self._more
            )
            tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", CLUSTER, "-c")
            subprocess.run(self._java(*tool, str(self._configuration(node))), check=True, capture_output=True)

    def start(self, node: int) -> None:
        """Start a node without waiting."""
        with (self._folder / f"broker-{node}.log").open("ab") as log:
            command = self._java("kafka.Kafka", str(self._configuration(node)))
            self._processes[node] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)

    def kill(self, node: int) -> None:
        """kill -9, and wait until it is gone."""
        self._processes[node].kill()
        self._processes[node].wait()

    def wait_for(self, count: int) -> None:
        """Wait until that many brokers are in the cluster."""
        wait_until(lambda: self._known() == count, PATIENCE_S, self._tail)

    def wait_in_sync(self, topics: set[str]) -> None:
        """Wait until every replica of these topics has caught up."""
        wait_until(lambda: self._lagging(topics) == 0, PATIENCE_S, self._tail)

    def end(self) -> None:
        """No process is left."""
        for node in self._processes:
            self.kill(node)

    def _known(self) -> int:
        try:
            return len(self._admin().list_topics(timeout=5).brokers)
        except KafkaException:
            return 0

    def _lagging(self, topics: set[str]) -> int:
        try:
            told = self._admin().list_topics(timeout=5).topics
        except KafkaException:
            return -1
        found = [part for name in topics for part in told[name].partitions.values()]
        return sum(len(part.isrs) < len(part.replicas) for part in found)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": ERRORS_ONLY})

    def _tail(self) -> str:
        logs = [
            (self._folder / f"broker-{node}.log").read_text(errors="replace")[-1_500:] for node in self._nodes
        ]
        return "\n".join(logs)

    def _configuration(self, node: int) -> Path:
        return self._folder / f"server-{node}.properties"

    def _java(self, *arguments: str) -> list[str]:
        options = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        log4j = f"-Dlog4j2.configurationFile={NATIVE / 'log4j2.properties'}"
        return ["java", *options, log4j, "-cp", f"{self._distribution.kafka_jars}/*", *arguments]


@contextmanager
def three_brokers(folder: Path) -> Iterator[Brokers]:
    """A running cluster, gone at the end."""
    brokers = Brokers(folder, ensure(lambda _progress: None))
    brokers.format()
    try:
        for node in NODES:
            brokers.start(node)
        brokers.wait_for(len(NODES))
        yield brokers
    finally:
        brokers.end()


@contextmanager
def broker_behind_a_link(folder: Path) -> Iterator[tuple[str, str, CuttableLink]]:
    """One broker: where it answers directly, where by a link, and the link. Gone at the end."""
    brokers = Brokers(folder, ensure(lambda _progress: None), nodes=(1,))
    with CuttableLink(brokers.behind_link) as link:
        brokers.link = link.port
        brokers.format()
        try:
            brokers.start(1)
            brokers.wait_for(1)
            yield brokers.bootstrap, f"127.0.0.1:{link.port}", link
        finally:
            brokers.end()


@contextmanager
def secured_broker(folder: Path) -> Iterator[Cluster]:
    """One broker that lets in by TLS and a password only, with a certificate of the test's own authority."""
    pem = authority(folder)
    keystore = folder / "keystore.pem"
    keystore.write_text(Path(pem["key"]).read_text() + Path(pem["certificate"]).read_text())
    security = Security("SASL_SSL", "PLAIN", "sillage", "a-password", pem["ca"])
    more = SECURED.format(security=security, keystore=keystore)
    brokers = Brokers(folder, ensure(lambda _progress: None), nodes=(1,), more=more)
    brokers.format()
    try:
        brokers.start(1)
        brokers.wait_for(1)
        yield Cluster(f"127.0.0.1:{brokers.behind_link}", security)
    finally:
        brokers.end()
