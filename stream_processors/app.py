"""The composition root: settings in, a Faust app with its engine and HTTP edge out."""

from dataclasses import dataclass
from typing import Any

import faust
from aiohttp import web
from aiokafka.partitioner import murmur2
from prometheus_client import CollectorRegistry

from schemas.topics import DEAD_LETTER, INTERACTIONS, SESSIONS
from stream_processors.engine.engine import Engine, FlushPolicy
from stream_processors.engine.fetch import transport_class
from stream_processors.engine.metrics import EngineMetrics
from stream_processors.live.server import application
from stream_processors.live.sessions import LiveSessions
from stream_processors.sessions.agent import SessionAgent
from stream_processors.settings import Settings
from wire.codec import Decoder, Encoder
from wire.registry import Registry

BATCHES_IN_QUEUE = 8


@dataclass(frozen=True, slots=True)
class Worker:
    """All that runs in one process."""

    faust: Any
    engine: Engine
    live: web.Application


def build(settings: Settings) -> Worker:
    """Wire a worker. Raises wire.errors.RegistryUnavailable where our schemas cannot be found."""
    namespace, registry = settings.topics, Registry(settings.registry_url)
    encode = {
        topic: Encoder(topic.value or "", registry.id_of(topic, namespace))
        for topic in (SESSIONS, DEAD_LETTER)
    }
    agent = SessionAgent(
        decode=Decoder("interaction", registry).decode,
        encode_session=encode[SESSIONS].encode,
        home_partition=home_partition,
    )
    metrics = CollectorRegistry()
    engine = Engine(
        agent,
        settings.cluster,
        namespace,
        encode[DEAD_LETTER].encode,
        EngineMetrics(metrics, agent.application),
        FlushPolicy(interval=settings.flush_interval_ms / 1000),
    )
    sessions = LiveSessions(engine.tables, home_partition, INTERACTIONS.partitions)
    live = application(sessions, lambda: engine.ready, settings.secret_keys, metrics)
    return Worker(_faust_app(settings, engine), engine, live)


def home_partition(session_id: str) -> int:
    """The partition of `interactions` that keeps this session: Kafka's murmur2 over its UTF-8 bytes."""
    hashed: int = murmur2(session_id.encode())
    return (hashed & 0x7FFFFFFF) % INTERACTIONS.partitions


def _faust_app(settings: Settings, engine: Engine) -> Any:
    timeout = settings.session_timeout_ms / 1000
    app = faust.App(
        engine.group,
        broker=f"kafka://{settings.kafka_bootstrap}",
        datadir=settings.streams_data_dir,
        autodiscover=False,
        web_enabled=False,
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=BATCHES_IN_QUEUE,
        stream_recovery_delay=0,
        consumer_group_instance_id=settings.instance_id,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        broker_max_poll_records=None,
        broker_session_timeout=timeout,
        broker_heartbeat_interval=timeout / 5,
        broker_request_timeout=max(30.0, timeout),
    )
    app.transport = transport_class(engine)(app.conf.broker_consumer, app)
    source = app.topic(settings.topics.topic(INTERACTIONS), value_serializer="raw", acks=False)

    async def feed(stream: Any) -> None:
        async for event in stream.noack().events():
            await engine.feed(event.value)

    app.agent(source, name=engine.group)(feed)
    return app
