"""The gateway's route with everything real but Kafka: records go to a list, or nowhere."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from prometheus_client import generate_latest
from starlette.types import Message

from ingest_gateway.admission import Admission
from ingest_gateway.body import BodyBounds
from ingest_gateway.client_address import ClientAddresses
from ingest_gateway.dead_letters import DeadLetters
from ingest_gateway.errors import Unavailable
from ingest_gateway.identifiers import uuid7
from ingest_gateway.intake import Stamps
from ingest_gateway.interaction_log import InteractionLog
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.rate_limits import Buckets, Rate, RateLimits
from ingest_gateway.record import Record
from ingest_gateway.refusal_log import RefusalLog
from ingest_gateway.route import AnalyticsRoute, Policy
from ingest_gateway.user_tokens import TokenRules, UserTokens
from schemas.api_keys import ApiKeys, digest_of
from schemas.avro_schemas import schema
from wire.codec import Decoder, Encoder

NOW = 1_772_366_400_000
ORIGIN = "https://shop.example"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36 Edg/124.0"
FROM_SHOP = {"origin": ORIGIN, "content-type": "application/json"}
FROM_SERVER = {"authorization": "Bearer sk_1", "content-type": "application/json"}


def keys(*valid: str) -> ApiKeys:
    """The keys a gateway knows."""
    return ApiKeys(digest_of(key) for key in valid)


class OneSchema:
    """A registry that knows one schema under every id."""

    def __init__(self, name: str) -> None:
        self._name = name

    def schema(self, schema_id: int) -> dict[str, Any]:
        return schema(self._name)


@dataclass
class Answered:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass
class Gateway:
    """A route on an in-memory publisher."""

    policy: Policy = field(default_factory=lambda: Policy(bounds=BodyBounds(deadline_s=0.2)))
    secret: str = "sk_3"
    peer: str = "192.0.2.1"
    limits: RateLimits = field(default_factory=lambda: RateLimits(ClientAddresses()))
    tokens: TokenRules = field(default_factory=TokenRules)
    available: bool = True
    now: float = 0.0
    """The monotonic clock, in seconds."""
    hold: asyncio.Event | None = None
    """Kafka acknowledges when this is set."""
    asked: int = 0
    """Batches that were to be published."""
    published: list[Record] = field(default_factory=list)
    letters: list[Record] = field(default_factory=list)
    metrics: GatewayMetrics = field(default_factory=GatewayMetrics)

    def __post_init__(self) -> None:
        interactions = InteractionLog(self)
        interactions.encoder = Encoder("interaction", 1)
        self.dead_letters = DeadLetters(self, "dead-letter", Buckets(Rate(1, 100), lambda: 0.0), self.metrics)
        self.dead_letters.encoder = Encoder("dead_letter", 2)
        self.route = AnalyticsRoute(
            Admission(
                frozenset({ORIGIN}),
                publishable=keys("pk_1"),
                secret=keys("sk_1", "sk_2", self.secret),
                users=UserTokens(self.tokens),
                limits=self.limits,
                token_cookie="who",
            ),
            self.policy,
            interactions,
            self.dead_letters,
            self.metrics,
            RefusalLog(Buckets(Rate(10, 100), lambda: self.now)),
            Stamps("boot", count(1).__next__, uuid7),
            lambda: NOW,
        )

    async def publish(self, records: Sequence[Record]) -> None:
        self.asked += 1
        if self.hold is not None:
            await self.hold.wait()
        if not self.available:
            raise Unavailable("Kafka is away")
        self.published.extend(records)

    def post(self, topic: str, record: Record, on_done: Callable[[bool], None]) -> None:
        self.letters.append(record)
        on_done(True)

    def events(self) -> list[dict[str, Any]]:
        decoder = Decoder("interaction", OneSchema("interaction"))
        return [decoder.decode(record.value) for record in self.published]

    def dead(self) -> list[dict[str, Any]]:
        decoder = Decoder("dead_letter", OneSchema("dead_letter"))
        return [decoder.decode(record.value) for record in self.letters]

    def figure(self, line: str) -> float:
        """The value of one line of /metrics; 0 where it is not there."""
        for text in generate_latest(self.metrics.registry).decode().splitlines():
            name, _, value = text.rpartition(" ")
            if name == line:
                return float(value)
        return 0.0

    def send(self, body: object, headers: dict[str, str] | None = None, method: str = "POST") -> Answered:
        """Send a JSON value, or bytes as they are, in one piece."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.exchange([{"type": "http.request", "body": raw, "more_body": False}], headers, method)

    def exchange(
        self, messages: list[Message], headers: dict[str, str] | None = None, method: str = "POST"
    ) -> Answered:
        """Let the route read these messages, and then wait for ever."""
        sent: list[Message] = []
        waiting = iter(messages)

        async def receive() -> Message:
            for message in waiting:
                return message
            await asyncio.Event().wait()
            raise AssertionError("never set")

        async def send(message: Message) -> None:
            sent.append(message)

        given = FROM_SHOP if headers is None else headers
        scope = {
            "type": "http",
            "method": method,
            "path": "/api/analytics",
            "client": (self.peer, 50_000),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        }
        asyncio.run(self.route(scope, receive, send))
        if not sent:
            return Answered(0, {}, b"")
        answer_headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], answer_headers, sent[1]["body"])


def page_view(**more: Any) -> dict[str, Any]:
    """The smallest event."""
    return {"eventType": "PAGE_VIEW", "path": "/perfume/test", **more}


def single(**more: Any) -> dict[str, Any]:
    """A body with one page view."""
    return {"sessionId": "test-session", "event": page_view(**more)}


def batch(*events: object, **envelope: Any) -> dict[str, Any]:
    """A body with these events."""
    return {"sessionId": "test-session", "events": list(events), **envelope}
