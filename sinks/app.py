"""The composition root: what a sink process is made of, and how it ends."""

import signal
import time
from threading import Event

import structlog
from confluent_kafka import Consumer, Producer
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from schemas.topics import DEAD_LETTER, Namespace
from sinks import source
from sinks.batch import Batch
from sinks.database import Database
from sinks.dead_letters import DELIVERY_TIMEOUT_S, DeadLetters
from sinks.errors import EXIT_LOUD_STOP, EXIT_RESTART, LoudStop
from sinks.health import Health
from sinks.intake import Feed, Intake
from sinks.metrics import Metrics
from sinks.probes import served
from sinks.settings import Settings
from sinks.sink import Parts, Sink
from sinks.tables import TABLES
from sinks.writer import Writer
from telemetry import logs
from telemetry.sparse_logs import sparse_logger
from wire.clients import Cluster, producer_settings
from wire.codec import Decoder, Encoder
from wire.registry import Registry

log = structlog.get_logger()


def main() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code (0, 70: restart me, 78: do not)."""
    try:
        settings = Settings.model_validate({})  # from the environment
    except ValidationError as error:
        logs.configure("sink")
        log.error("settings_invalid", error=str(error))
        return EXIT_LOUD_STOP
    logs.configure("sink", settings.log_format)
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        run(settings, stopping)
    except LoudStop as stop:
        log.error("loud_stop", error=str(stop))
        return EXIT_LOUD_STOP
    except Exception:
        log.exception("sink_failed", consequence="exiting, to be started afresh")
        return EXIT_RESTART
    log.info("stopped")
    return 0


def run(settings: Settings, stopping: Event) -> None:
    """Wire a sink from its settings and run it. Raises what ends it."""
    metrics = CollectorRegistry()
    health, registry = Health(time.monotonic), Registry(settings.registry_url)
    with served(settings.sink_host, settings.sink_port, health, metrics) as port:
        log.info("started", probes=f"http://{settings.sink_host}:{port}", namespace=settings.namespace)
        Sink(_parts(settings, registry, health, Metrics(metrics)), stopping, time.monotonic).run()


def _parts(settings: Settings, registry: Registry, health: Health, metrics: Metrics) -> Parts:
    cluster = settings.cluster
    namespace = Namespace(settings.namespace)
    database = Database(settings.database_url)
    consumer = source.settings(
        cluster, namespace.group("sink"), settings.sink_session_timeout_ms, settings.instance_id
    )
    return Parts(
        source=source.Source(Consumer(consumer, logger=sparse_logger("librdkafka"))),
        intake=Intake(
            {
                namespace.topic(table.topic): Feed(table, Decoder(str(table.topic.value), registry).decode)
                for table in TABLES
            }
        ),
        batch=Batch(TABLES, settings.limits),
        writer=Writer(database, _dead_letters(cluster, namespace, registry)),
        database=database,
        health=health,
        metrics=metrics,
    )


def _dead_letters(cluster: Cluster, namespace: Namespace, registry: Registry) -> DeadLetters:
    settings = producer_settings(cluster, "sillage-sink") | {
        "delivery.timeout.ms": int(DELIVERY_TIMEOUT_S * 1000)
    }
    return DeadLetters(
        Producer(settings, logger=sparse_logger("librdkafka")),
        namespace.topic(DEAD_LETTER),
        lambda: Encoder(str(DEAD_LETTER.value), registry.id_of(DEAD_LETTER, namespace)),
        lambda: time.time_ns() // 1_000_000,
    )
