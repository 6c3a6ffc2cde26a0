"""What the gateway counts. Labels are closed lists: enums, HTTP statuses and librdkafka's error names."""

from collections.abc import Callable
from enum import StrEnum
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from schemas.reasons import Reason

_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Outcome(StrEnum):
    """How a request ended. Each has exactly one."""

    ACCEPTED = "accepted"
    PREFLIGHT = "preflight"
    PARTIAL = "partial"
    REFUSED = "refused"
    ANALYTICS_DISABLED = "analytics_disabled"
    OPTED_OUT = "opted_out"
    UNAVAILABLE = "unavailable"
    ERROR = "error"
    CLIENT_GONE = "client_gone"


class ConnectionEnd(StrEnum):
    """Why the gateway ended a connection, or took none."""

    SLOW_HEAD = "slow_head"
    SLOW_BODY = "slow_body"
    SLOW_READER = "slow_reader"
    HEAD_TOO_LARGE = "head_too_large"
    PIPELINED = "pipelined"
    UNREAD_BODY = "unread_body"
    BAD_FRAMING = "bad_framing"
    EVICTED = "evicted"
    FULL = "full"


class DeadLetterOutcome(StrEnum):
    """What became of something that should be kept for a look."""

    KEPT = "kept"
    TOO_LARGE = "too_large"
    OVER_RATE = "over_rate"
    FAILED = "failed"


class Spooling(StrEnum):
    """Why a batch went to the spool."""

    KAFKA_AWAY = "kafka_away"
    """The breaker is open, or too many records are in flight."""
    OVERDUE = "overdue"
    """Kafka had not acknowledged in time; the delivery goes on."""
    REFUSED = "refused"
    """Kafka refused it."""


class GatewayMetrics:
    """The gateway's figures, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "sillage_gateway_requests",
            "Requests to /api/analytics, and those refused before they named an address, by how they ended,"
            " why, and HTTP status (0: nobody left to answer).",
            ("outcome", "reason", "status"),
            registry=self.registry,
        )
        self._requests_ended = cache(self._requests.labels)
        """Looking labels up takes longer than counting."""
        self._received = Counter(
            "sillage_gateway_events_received",
            "Events of requests that were parsed: accepted + rejected + duplicate.",
            registry=self.registry,
        )
        self._events = Counter(
            "sillage_gateway_events",
            "What became of each of them. accepted: in Kafka, or in the spool, before the answer.",
            ("outcome", "reason"),
            registry=self.registry,
        )
        self._accepted = self._events.labels("accepted", "")
        self._dead_letters = Counter(
            "sillage_gateway_dead_letters",
            "Rejected events and bodies for the dead-letter topic; all but `kept` are not there.",
            ("outcome",),
            registry=self.registry,
        )
        self._count_kafka()
        self._count_connections()
        self._count_spool()

    def _count_connections(self) -> None:
        self.connections = Gauge(
            "sillage_gateway_connections", "Connections that are open now.", registry=self.registry
        )
        self._ended = Counter(
            "sillage_gateway_connections_ended",
            "Connections that the gateway ended for what their client did, or took none of, by why.",
            ("why",),
            registry=self.registry,
        )

    def _count_kafka(self) -> None:
        self.produce_seconds = Histogram(
            "sillage_gateway_produce_seconds",
            "From handing a batch to the Kafka client until it is acknowledged, refused or overdue.",
            buckets=_LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.delivery_failures = Counter(
            "sillage_gateway_delivery_failures",
            "Records that Kafka did not take, by librdkafka's error.",
            ("error",),
            registry=self.registry,
        )
        self.late_deliveries = Counter(
            "sillage_gateway_late_deliveries",
            "Records in the topic, or on the way, whose request was answered 503: a retry repeats them.",
            registry=self.registry,
        )
        self.requests_in_flight = 0
        self.watch("requests_in_flight", "Requests being worked on now.", lambda: self.requests_in_flight)

    def _count_spool(self) -> None:
        self._spooled = Counter(
            "sillage_gateway_spooled_records",
            "Records written to the spool before their answer, by why.",
            ("why",),
            registry=self.registry,
        )
        self.drained = Counter(
            "sillage_gateway_drained_records",
            "Records brought from the spool to Kafka by the drainer.",
            registry=self.registry,
        )
        self.quarantined = Counter(
            "sillage_gateway_quarantined_records",
            "Records that Kafka refuses while it takes others: set aside on the disk, and dead letters.",
            registry=self.registry,
        )

        self.adoption_failures = Counter(
            "sillage_gateway_adoption_failures",
            "Times that the disk kept this process from what others left, or from what is to be tried again.",
            registry=self.registry,
        )

    def watch(self, name: str, meaning: str, now: Callable[[], float]) -> None:
        """A figure that is looked at when it is asked for."""
        Gauge(f"sillage_gateway_{name}", meaning, registry=self.registry).set_function(now)

    def spooled(self, why: Spooling, records: int) -> None:
        """Count one batch that went to the spool."""
        self._spooled.labels(why.value).inc(records)

    def request_ended(self, outcome: Outcome, status: int, reason: Reason | None = None) -> None:
        """Count one request; `reason` is why it was not taken as a whole."""
        self._requests_ended(outcome, "" if reason is None else reason, status).inc()

    def connection_ended(self, why: ConnectionEnd) -> None:
        """Count one connection that was not ended by its client."""
        self._ended.labels(why.value).inc()

    def events_accepted(self, count: int, duplicates: int) -> None:
        """Count events that are safe, and their repetitions in the same batch."""
        self._received.inc(count + duplicates)
        self._accepted.inc(count)
        if duplicates:
            self._events.labels("duplicate", "").inc(duplicates)

    def events_rejected(self, reason: Reason, count: int = 1) -> None:
        """Count events that were not taken."""
        self._received.inc(count)
        self._events.labels("rejected", reason.value).inc(count)

    def dead_letter(self, outcome: DeadLetterOutcome) -> None:
        """Count one rejected event or body."""
        self._dead_letters.labels(outcome.value).inc()
