"""The composition root: settings in; agents, their engines and Faust apps, and the HTTP edge out."""

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import faust
from aiohttp import web
from prometheus_client import CollectorRegistry

from schemas.api_keys import ApiKeys
from schemas.topics import DEAD_LETTER, INTERACTIONS, PERFUME_ACTIVITY, Namespace
from stream_processors.agents import WRITTEN, encoder, perfume_agent, session_agent
from stream_processors.engine.engine import Engine
from stream_processors.engine.fetch import NoTables, transport_class
from stream_processors.engine.job import Job
from stream_processors.engine.metrics import EngineMetrics, Instruments
from stream_processors.engine.partition import FlushPolicy
from stream_processors.engine.progress import Ends, Progress, watch
from stream_processors.engine.session import Session
from stream_processors.engine.takeover import Kafka, Takeover
from stream_processors.live.forwarding import Group
from stream_processors.live.perfumes import LivePerfumes
from stream_processors.live.server import Health, Rows, application
from stream_processors.live.sessions import LiveSessions
from stream_processors.live.workers import Coordinator, Workers, client_id
from stream_processors.settings import Settings
from wire.partitions import home_partition
from wire.registry import Registry
from wire.security import Security

BATCHES_IN_QUEUE = 8


@dataclass(frozen=True, slots=True)
class Running:
    """One agent at work: its engine, the Faust app that feeds it, and who watches over both."""

    engine: Engine
    group: str
    faust: Any
    progress: Progress
    watch: Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Worker:
    """All that runs in one process: each agent with a consumer group of its own, and one HTTP edge."""

    agents: Sequence[Running]
    live: web.Application


def build(settings: Settings) -> Worker:
    """Wire a worker. Raises wire.errors.RegistryUnavailable where our schemas cannot be found."""
    namespace, registry = settings.topics, Registry(settings.registry_url)
    registry.look_up((*WRITTEN, DEAD_LETTER), namespace)
    metrics = CollectorRegistry()
    instruments = Instruments(metrics)
    dead_letter = encoder(DEAD_LETTER, registry, namespace)

    def running(job: Job, source: Namespace) -> Running:
        told = EngineMetrics(instruments, job.application)
        session = Session(settings.session_timeout_ms / 1000)
        kafka = Kafka(settings.cluster, namespace.group(job.application))
        engine = Engine(
            job,
            source.topic(job.source),
            Takeover(job, namespace, kafka, dead_letter, session),
            session,
            told,
            FlushPolicy(interval=settings.flush_interval_ms / 1000),
        )
        progress = Progress(engine, time.monotonic)
        watching = partial(watch, engine, progress, Ends(settings.cluster, kafka.group), told.lags)
        return Running(engine, kafka.group, _faust_app(settings, engine, kafka.group), progress, watching)

    generation = settings.generation
    sessions = running(session_agent(registry, namespace, generation), settings.source_topics)
    perfumes = running(perfume_agent(registry, namespace, _now_ms, generation), namespace)
    live = application(
        _rows(settings, sessions, perfumes),
        _health((sessions, perfumes)),
        ApiKeys(settings.secret_keys),
        metrics,
        settings.instance_id,
    )
    return Worker((sessions, perfumes), live)


def _rows(settings: Settings, sessions: Running, perfumes: Running) -> Rows:
    workers, me = Workers(Coordinator(settings.cluster).addresses), settings.live_address
    return Rows(
        LiveSessions(
            sessions.engine.tables,
            partial(home_partition, INTERACTIONS),
            INTERACTIONS.partitions,
            settings.generation,
        ),
        LivePerfumes(
            perfumes.engine.tables,
            partial(home_partition, PERFUME_ACTIVITY),
            PERFUME_ACTIVITY.partitions,
            _now_ms,
            settings.generation,
        ),
        Group(sessions.group, INTERACTIONS.partitions, me, workers),
        Group(perfumes.group, PERFUME_ACTIVITY.partitions, me, workers),
    )


def _health(agents: Sequence[Running]) -> Health:
    def not_alive() -> str | None:
        return next(filter(None, (agent.progress.not_alive() for agent in agents)), None)

    return Health(lambda: all(agent.engine.ready for agent in agents), not_alive)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _credentials(security: Security) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """How Kafka lets us in, in Faust's words."""
    told = security.aiokafka()
    context = told.get("ssl_context")
    if security.mechanism is not None:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            mechanism=security.mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def _faust_app(settings: Settings, engine: Engine, group: str) -> Any:
    timeout = settings.session_timeout_ms / 1000
    folder = Path(settings.streams_data_dir) / engine.job.application
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        group,
        broker=f"kafka://{settings.kafka_bootstrap}",
        broker_credentials=_credentials(settings.kafka_security),
        datadir=str(folder),
        autodiscover=False,
        web_enabled=False,
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=BATCHES_IN_QUEUE,
        stream_recovery_delay=0,
        TableManager=NoTables,
        consumer_group_instance_id=settings.instance_id,
        broker_client_id=client_id(settings.instance_id, settings.live_address),
        # Nobody may skip records unnoticed: a position that Kafka no longer has ends the worker, and the next
        # takeover says what is missing.
        consumer_auto_offset_reset="none",
        consumer_max_fetch_size=4 * 1024 * 1024,
        broker_max_poll_records=None,
        broker_session_timeout=timeout,
        broker_heartbeat_interval=timeout / 5,
        broker_request_timeout=max(30.0, timeout),
    )
    app.transport = transport_class(engine)(app.conf.broker_consumer, app)
    source = app.topic(engine.source_topic, value_serializer="raw", acks=False)

    async def feed(stream: Any) -> None:
        async for event in stream.noack().events():
            await engine.feed(event.value)

    app.agent(source, name=group)(feed)
    return app
