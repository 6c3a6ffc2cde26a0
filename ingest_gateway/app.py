"""Composition root: settings in, a running gateway out."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Final

import structlog

from ingest_gateway.admission import Admission
from ingest_gateway.body import BodyBounds
from ingest_gateway.client_address import ClientAddresses
from ingest_gateway.connection_guard import ConnectionBounds, ConnectionGuard
from ingest_gateway.dead_letters import DeadLetters
from ingest_gateway.identifiers import uuid7
from ingest_gateway.intake import Stamps
from ingest_gateway.interaction_log import InteractionLog
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.publisher import KafkaPublisher
from ingest_gateway.rate_limits import Buckets, Rate, RateLimits
from ingest_gateway.readiness import Readiness, await_schemas, watch_kafka
from ingest_gateway.route import PATH, AnalyticsRoute, Policy
from ingest_gateway.server import connections_possible, dispatch, server
from ingest_gateway.settings import Settings
from ingest_gateway.side_routes import side_routes
from ingest_gateway.user_tokens import UserTokens
from schemas.api_keys import ApiKeys
from schemas.topics import DEAD_LETTER, INTERACTIONS, Namespace
from telemetry.sparse_logs import sparse_logger
from wire.clients import Cluster, producer_settings
from wire.codec import Encoder
from wire.registry import Registry

EX_OK: Final = 0
EX_SOFTWARE: Final = 70
"""The process cannot go on; a fresh one can. The supervisor starts it."""

_FLUSH_S: Final = 3.0
_DEAD_LETTERS: Final = Rate(per_second=50, burst=1_000)
_GIVEN_UP_BEFORE_MS: Final = 50
"""The client gives a record up this much before its request does: what was answered 503 rarely arrives."""
_QUEUE_KIB: Final = 64 * 1024

_log = structlog.get_logger()


async def serve(settings: Settings) -> int:
    """Run until a signal, or until the process cannot go on. Returns its exit code."""
    space = Namespace(settings.namespace)
    metrics, readiness, failure = GatewayMetrics(), Readiness(), Failure()
    publisher = KafkaPublisher(
        kafka_settings(settings),
        topic=space.topic(INTERACTIONS),
        ack_timeout_s=settings.ack_timeout_ms / 1_000,
        max_in_flight=settings.max_in_flight,
        metrics=metrics,
        on_fatal=failure.happened,
    )
    interactions = InteractionLog(publisher)
    cap = Buckets(_DEAD_LETTERS, time.monotonic)
    dead_letters = DeadLetters(publisher, space.topic(DEAD_LETTER), cap, metrics)
    stamps = Stamps(uuid7(now_ms()), next_receipt=count(1).__next__, new_event_id=uuid7)
    hot = AnalyticsRoute(
        admission_of(settings), policy_of(settings), interactions, dead_letters, metrics, stamps, now_ms
    )
    beside = side_routes(readiness, metrics, sdk_of(settings))
    guard = ConnectionGuard(connection_bounds(settings), metrics)
    http = server(dispatch(PATH, hot, beside), settings.gateway_host, settings.gateway_port, guard)
    failure.then(http.stop)

    async def learn_schemas() -> None:
        registry = Registry(settings.registry_url)
        interactions.encoder, dead_letters.encoder = await await_schemas(
            readiness, lambda: encoders(registry, space)
        )

    tasks = [
        failure.watch(learn_schemas()),
        failure.watch(watch_kafka(readiness, publisher, space.topic(INTERACTIONS))),
    ]
    _log.info("listening", host=settings.gateway_host, port=settings.gateway_port, boot=stamps.gateway_boot)
    await http.serve()
    for task in tasks:
        task.cancel()
    given_up = publisher.close(_FLUSH_S)
    _log.info("stopped", records_given_up=given_up, failure=failure.why)
    return EX_OK if failure.why is None else EX_SOFTWARE


class Failure:
    """The first reason why this process cannot go on, and what is to be done about it."""

    def __init__(self) -> None:
        self.why: str | None = None
        self._stop: Callable[[], None] = lambda: None

    def then(self, stop: Callable[[], None]) -> None:
        """Call this on a failure; at once where there has been one."""
        self._stop = stop
        if self.why is not None:
            stop()

    def happened(self, why: str) -> None:
        """Only the first one counts."""
        self.why = self.why or why
        self._stop()

    def watch(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run in the background; an exception in there is a failure of the process."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("background_task_failed", exc_info=error)
            self.happened(repr(error))


def encoders(registry: Registry, space: Namespace) -> tuple[Encoder, Encoder]:
    """For interactions and dead letters. Blocks; raises RegistryUnavailable."""
    first, second = (
        Encoder(topic.value or "", registry.id_of(topic, space)) for topic in (INTERACTIONS, DEAD_LETTER)
    )
    return first, second


def kafka_settings(settings: Settings) -> dict[str, Any]:
    """The producer's configuration: bounded in time, records and bytes."""
    return {
        **producer_settings(Cluster(settings.kafka_bootstrap), "ingest-gateway"),
        "message.timeout.ms": settings.ack_timeout_ms - _GIVEN_UP_BEFORE_MS,
        "queue.buffering.max.messages": settings.max_in_flight,
        "queue.buffering.max.kbytes": _QUEUE_KIB,
        "logger": sparse_logger("librdkafka"),
    }


def admission_of(settings: Settings) -> Admission:
    """Who may send."""
    return Admission(
        settings.allowed_origins,
        publishable=ApiKeys(settings.publishable_keys),
        secret=ApiKeys(settings.secret_keys),
        users=UserTokens(settings.token_rules),
        limits=limits_of(settings),
        token_cookie=settings.token_cookie,
    )


def limits_of(settings: Settings) -> RateLimits:
    """How much each may send."""

    def buckets(per_second: float, burst: int) -> Buckets | None:
        return Buckets(Rate(per_second, burst), time.monotonic) if per_second else None

    return RateLimits(
        ClientAddresses(settings.trusted_proxies, settings.forwarding_header),
        addresses=buckets(settings.address_rate, settings.address_burst),
        keys=buckets(settings.key_rate, settings.key_burst),
    )


def policy_of(settings: Settings) -> Policy:
    """What happens with requests."""
    return Policy(
        bounds=BodyBounds(deadline_s=settings.body_timeout_ms / 1_000),
        analytics_enabled=settings.enable_analytics,
        session_cookie=settings.session_cookie,
    )


def connection_bounds(settings: Settings) -> ConnectionBounds:
    """What a connection may take, as far as the system has descriptors."""
    possible = connections_possible(settings.max_connections)
    if possible < settings.max_connections:
        _log.warning("fewer_connections", wanted=settings.max_connections, descriptors_for=possible)
    return ConnectionBounds(
        head_s=settings.head_timeout_ms / 1_000,
        body_s=settings.body_timeout_ms / 1_000,
        keep_alive_s=settings.keep_alive_ms / 1_000,
        connections=possible,
    )


def sdk_of(settings: Settings) -> dict[str, int | bool]:
    """What a browser's SDK should go by."""
    return {
        "enabled": settings.enable_analytics,
        "batchSize": settings.analytics_batch_size,
        "flushInterval": settings.analytics_flush_interval,
    }


def now_ms() -> int:
    """The wall clock, epoch milliseconds."""
    return time.time_ns() // 1_000_000
