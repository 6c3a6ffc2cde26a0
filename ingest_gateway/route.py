"""POST /api/analytics: the hot route, straight on ASGI."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.types import Receive, Scope, Send

from ingest_gateway import answers
from ingest_gateway.admission import Admission
from ingest_gateway.answers import Answer
from ingest_gateway.batch import parse
from ingest_gateway.body import BodyBounds, discard_rest, read_body
from ingest_gateway.caller import Source
from ingest_gateway.consent import check_switch_and_signals
from ingest_gateway.dead_letters import DeadLetters
from ingest_gateway.errors import ClientGone, Dropped, Refusal, Unavailable
from ingest_gateway.exchange import exchange_of
from ingest_gateway.intake import Arrival, Intake, Stamps, take_in
from ingest_gateway.interaction_log import InteractionLog
from ingest_gateway.metrics import GatewayMetrics, Outcome
from ingest_gateway.refusal_log import RefusalLog
from ingest_gateway.request import Request
from schemas.reasons import Reason

PATH = "/api/analytics"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator decides about requests."""

    bounds: BodyBounds
    analytics_enabled: bool = True
    session_cookie: str | None = None


class AnalyticsRoute:
    """Takes events in: an ASGI application for one address."""

    def __init__(
        self,
        admission: Admission,
        policy: Policy,
        interactions: InteractionLog,
        dead_letters: DeadLetters,
        metrics: GatewayMetrics,
        refusals: RefusalLog,
        stamps: Stamps,
        now_ms: Callable[[], int],
    ) -> None:
        self._admission = admission
        self._policy = policy
        self._interactions = interactions
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._refusals = refusals
        self._stamps = stamps
        self._now_ms = now_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Every error ends here, as an answer."""
        request = Request(scope, self._now_ms(), exchange_of(send))
        self._metrics.requests_in_flight += 1
        try:
            await self._respond(request, scope["method"], receive, send)
        finally:
            self._metrics.requests_in_flight -= 1

    async def _respond(self, request: Request, method: str, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(method, request, receive)
        except ClientGone:
            self._metrics.request_ended(Outcome.CLIENT_GONE, 0)
            return
        except Dropped as drop:
            answer = answers.dropped(drop.why)
        except Refusal as refusal:
            answer = answers.refused(refusal)
            self._refusals.request(request, answer)
        except Exception:
            answer = answers.internal_error()
            _log.exception("request_failed", request_id=request.id)
        self._metrics.request_ended(answer.outcome, answer.status, answer.reason)
        headers, exchange = self._admission.cors(request), request.exchange
        if exchange is not None and exchange.takes_an_answer and not answers.closes(answer):
            exchange.answer(answers.written(answer, [*exchange.default_headers, *headers]))
        else:
            await answers.send(send, answer, headers, before_closing=lambda: discard_rest(receive))

    async def _answer(self, method: str, request: Request, receive: Receive) -> Answer:
        if method == "POST":
            return await self._take(request, receive)
        if method == "OPTIONS":
            return answers.preflight(self._admission.preflight(request))
        raise Refusal(Reason.METHOD_NOT_ALLOWED, "send events with POST")

    async def _take(self, request: Request, receive: Receive) -> Answer:
        check_switch_and_signals(request, self._policy.analytics_enabled)
        source = self._admission.admit(request)
        intake = self._judge(request, source, await read_body(request, receive, self._policy.bounds))
        await self._publish(intake)
        self._account(request, intake)
        return answers.taken(intake)

    def _judge(self, request: Request, source: Source, body: bytes) -> Intake:
        """Each raw item becomes an event or a rejection.

        Body and batch end here: while Kafka is waited for, only what is still needed takes up memory.
        """
        self._admission.charge(request, source, len(body))
        try:
            batch = parse(body)
            user = self._admission.user(request, batch.envelope, source)
            return take_in(batch, self._arrival(request, source, user), self._stamps)
        except Refusal as refusal:
            if answers.status_of(refusal.reason) == answers.BAD_REQUEST:
                self._dead_letters.keep_body(request, refusal, body)
            raise

    def _arrival(self, request: Request, source: Source, user: str | None) -> Arrival:
        cookie = self._policy.session_cookie
        return Arrival(
            source=source,
            received_at=request.received_at,
            cookie_session=request.cookie(cookie) if cookie else None,
            user_agent=request.header(b"user-agent"),
            user=user,
        )

    async def _publish(self, intake: Intake) -> None:
        try:
            await self._interactions.append(intake.accepted)
        except Unavailable:
            lost = len(intake.accepted) + len(intake.rejected) + intake.duplicates
            self._metrics.events_rejected(Reason.UNAVAILABLE, lost)
            raise

    def _account(self, request: Request, intake: Intake) -> None:
        """Count each event once, and keep the rejected ones for a look.

        Only now: a batch answered 503 comes again whole, with its rejected events.
        """
        self._metrics.events_accepted(len(intake.accepted), intake.duplicates)
        for rejected in intake.rejected:
            self._metrics.events_rejected(rejected.reason)
            self._dead_letters.keep_event(request, intake.envelope, rejected)
        self._refusals.events(request, intake)
