"""Composition root: settings in, a running gateway out."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any, Final

import structlog

from ingest_gateway.admission import Admission
from ingest_gateway.body import BodyBounds
from ingest_gateway.client_address import ClientAddresses
from ingest_gateway.connection_guard import ConnectionBounds, ConnectionGuard
from ingest_gateway.dead_letters import DeadLetters
from ingest_gateway.delivery_path import DeliveryPath
from ingest_gateway.identifiers import uuid7
from ingest_gateway.intake import Stamps
from ingest_gateway.interaction_log import InteractionLog
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.rate_limits import Buckets, Rate, RateLimits
from ingest_gateway.readiness import Readiness, await_schemas, watch_deliveries
from ingest_gateway.refusal_log import RefusalLog
from ingest_gateway.route import PATH, AnalyticsRoute, Policy
from ingest_gateway.schema_ids import SchemaIds
from ingest_gateway.server import Server, connections_possible, dispatch, listen, server
from ingest_gateway.settings import Settings
from ingest_gateway.side_routes import side_routes
from ingest_gateway.user_tokens import UserTokens
from ingest_gateway.wall_clock import now_ms
from schemas.api_keys import ApiKeys
from schemas.topics import DEAD_LETTER, INTERACTIONS, Namespace
from wire.codec import Encoder
from wire.registry import Registry
from wire.registry_api import without_credentials

EX_OK: Final = 0
EX_SOFTWARE: Final = 70
"""The process cannot go on; a fresh one can. The supervisor starts it."""

_DEAD_LETTERS: Final = Rate(per_second=50, burst=1_000)
_REFUSALS_LOGGED: Final = Rate(per_second=10, burst=100)

_log = structlog.get_logger()


async def serve(settings: Settings) -> int:
    """Run until a signal, or until the process cannot go on. Returns its exit code. Raises Misconfigured."""
    space = Namespace(settings.namespace)
    metrics, readiness, failure = GatewayMetrics(), Readiness(), Failure()
    path = await DeliveryPath.opened(settings, space, metrics, failure.happened)
    interactions = InteractionLog(path.publisher)
    letters_cap = Buckets(_DEAD_LETTERS, time.monotonic)
    dead_letters = DeadLetters(path.kafka, space.topic(DEAD_LETTER), letters_cap, metrics)
    stamps = Stamps(uuid7(now_ms()), next_receipt=count(1).__next__, new_event_id=uuid7)
    limits = limits_of(settings)
    hot = AnalyticsRoute(
        admission_of(settings, limits),
        policy_of(settings),
        interactions,
        dead_letters,
        metrics,
        RefusalLog(Buckets(_REFUSALS_LOGGED, time.monotonic)),
        stamps,
        now_ms,
    )
    http = http_server(settings, hot, readiness, metrics, limits)
    failure.then(http.stop)

    ids = schema_ids_of(settings, space)
    tasks = [
        failure.watch(work)
        for work in (
            learn_schemas(readiness, ids, interactions, dead_letters),
            watch_deliveries(readiness, path.kafka, path.breaker, path.spool),
            *path.background(dead_letters),
        )
    ]
    host, port = settings.gateway_host, settings.gateway_port
    _log.info("listening", host=host, port=port, boot=stamps.gateway_boot, spool=str(path.spool.folder))
    await http.serve([listen(host, port)])
    await _ended(tasks)
    given_up = await path.close()
    _log.info("stopped", records_in_flight=given_up, in_spool=path.spool.ledger.records, failure=failure.why)
    return EX_OK if failure.why is None else EX_SOFTWARE


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def schema_ids_of(settings: Settings, space: Namespace) -> SchemaIds:
    """The ids of our schemas: from the registry, or from the spool's folder while that is away."""
    url = settings.registry_url
    return SchemaIds(Registry(url), without_credentials(url), space, settings.spool_dir)


def http_server(
    settings: Settings,
    hot: AnalyticsRoute,
    readiness: Readiness,
    metrics: GatewayMetrics,
    limits: RateLimits,
) -> Server:
    """The hot route and what stands beside it, on guarded connections."""
    beside = side_routes(
        readiness, metrics, sdk_of(settings), settings.sdk_file, limits=limits, docs=settings.docs
    )
    return server(dispatch(PATH, hot, beside), ConnectionGuard(connection_bounds(settings), metrics))


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


async def learn_schemas(
    readiness: Readiness, ids: SchemaIds, interactions: InteractionLog, dead_letters: DeadLetters
) -> None:
    """Give both their encoders: what an earlier run was told, until the registry answers."""
    remembered = remembered_encoders(ids)
    if remembered is not None:
        interactions.encoder, dead_letters.encoder = remembered
    interactions.encoder, dead_letters.encoder = await await_schemas(
        readiness, lambda: encoders(ids), remembered=remembered is not None
    )


def encoders(ids: SchemaIds) -> tuple[Encoder, Encoder]:
    """For interactions and dead letters. Blocks; raises RegistryUnavailable."""
    first, second = (Encoder(topic.value or "", ids.ask(topic)) for topic in (INTERACTIONS, DEAD_LETTER))
    return first, second


def remembered_encoders(ids: SchemaIds) -> tuple[Encoder, Encoder] | None:
    """The same by what an earlier run was told, if it was."""
    first, second = ids.remembered(INTERACTIONS), ids.remembered(DEAD_LETTER)
    if first is None or second is None:
        return None
    return Encoder(INTERACTIONS.value or "", first), Encoder(DEAD_LETTER.value or "", second)


def admission_of(settings: Settings, limits: RateLimits) -> Admission:
    """Who may send."""
    return Admission(
        settings.allowed_origins,
        publishable=ApiKeys(settings.publishable_keys),
        secret=ApiKeys(settings.secret_keys),
        users=UserTokens(settings.token_rules),
        limits=limits,
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
        bounds=BodyBounds(settings.max_body_kib * 1024, settings.body_timeout_ms / 1_000),
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
