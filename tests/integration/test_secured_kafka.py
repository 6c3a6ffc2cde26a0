"""A Kafka that lets in by TLS and a password only: every kind of client gets in, and none without."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException

from ops.provision import apply_topics
from schemas.topics import INTERACTIONS, TOPICS, Namespace
from sinks import source
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.transaction import PartitionWriter
from tests.brokers import secured_broker
from tests.integration.gateway_rig import running
from tests.services import wait_until
from tests.stack import Stack
from wire.clients import Cluster

pytestmark = pytest.mark.integration


def test_gateway_agents_and_sink_are_let_in(stack: Stack, namespace: str, tmp_path: Path) -> None:
    space = Namespace(namespace)
    with secured_broker(tmp_path) as cluster:
        assert len(apply_topics(cluster, space)) == len(TOPICS)
        with running(
            cluster.bootstrap, stack.registry_url, namespace, tmp_path / "spool", _environment(cluster)
        ) as gateway:
            gateway.await_status(200)
            view = {"eventType": "PAGE_VIEW", "path": "/"}
            assert gateway.send({"sessionId": "s", "event": view}).status_code == 200
            _a_sink_reads(cluster, space)
        asyncio.run(_an_agent_writes(cluster, space))
        stranger = Cluster(cluster.bootstrap, replace(cluster.security, password="a guess"))
        with pytest.raises(KafkaException):
            Consumer({**stranger.base("stranger"), "group.id": "g", "log_level": 0}).list_topics(timeout=5)


def _environment(cluster: Cluster) -> dict[str, str]:
    security = cluster.security
    return {
        "SILLAGE_KAFKA_SECURITY_PROTOCOL": security.protocol,
        "SILLAGE_KAFKA_SASL_MECHANISM": security.mechanism or "",
        "SILLAGE_KAFKA_SASL_USERNAME": security.username or "",
        "SILLAGE_KAFKA_SASL_PASSWORD": security.password or "",
        "SILLAGE_KAFKA_SSL_CA_FILE": security.ca_file or "",
    }


def _a_sink_reads(cluster: Cluster, space: Namespace) -> None:
    consumer = Consumer(source.settings(cluster, space.group("secured"), 10_000, None))
    consumer.subscribe([space.topic(INTERACTIONS)])
    try:
        wait_until(lambda: consumer.poll(0.1) is not None, 120, lambda: "nothing to read")
    finally:
        consumer.close()


async def _an_agent_writes(cluster: Cluster, space: Namespace) -> None:
    writer = PartitionWriter(cluster, space.group("secured"), TopicPartition(space.topic(INTERACTIONS), 0))
    try:
        await writer.fence()
    finally:
        await writer.close()
