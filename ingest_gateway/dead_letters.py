"""What was refused goes to the dead-letter topic, so that it can be looked at, mended and sent again.

Best effort, and bounded in size and rate: the answer is right without it, and a stranger must not fill a
topic with rubbish. What is not kept is counted.

A rejected event's payload is a request body with that one event in it. Of a body that cannot be parsed only
its size, hash, the position of the fault and a masked excerpt are kept: nobody can say what is in it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from ingest_gateway.errors import NotJson, Refusal
from ingest_gateway.intake import Rejected
from ingest_gateway.metrics import DeadLetterOutcome, GatewayMetrics
from ingest_gateway.rate_limits import Buckets
from ingest_gateway.record import Record
from ingest_gateway.redaction import Redaction, is_secret_name, without_secret_fields
from ingest_gateway.request import Request
from schemas import limits
from schemas.envelope import Envelope
from schemas.reasons import Reason, Stage
from wire.codec import Encoder, schema_id_of

MAX_PAYLOAD_BYTES: Final = 2 * limits.EVENT_BYTES
_EXCERPT_BYTES: Final = 64
_NOT_STRUCTURE: Final = re.compile(rb'[^\s{}\[\]:,"\\]')
_ITEMS: Final = ("event", "events")


class Post(Protocol):
    """Where dead letters go."""

    def post(self, topic: str, record: Record, on_done: Callable[[bool], None]) -> None:
        """Send one record without waiting; `on_done` is told whether it is in the topic."""
        ...


class DeadLetters:
    """Keeps what was refused. Until the registry has told the schema's id, it keeps nothing."""

    def __init__(self, post: Post, topic: str, cap: Buckets, metrics: GatewayMetrics) -> None:
        self._post = post
        self._topic = topic
        self._cap = cap
        self._metrics = metrics
        self.encoder: Encoder | None = None

    def keep_event(self, request: Request, envelope: Envelope, rejected: Rejected) -> None:
        """Keep one rejected event of an otherwise readable batch."""
        if not self._may_keep():
            return
        redaction = Redaction((envelope.get("key"), envelope.get("userToken"), request.credentials))
        self._keep(
            request,
            rejected.reason,
            redaction.text(rejected.message),
            event_payload(envelope, rejected.raw, redaction),
            redaction.maybe(envelope.get("sessionId")),
            redaction.maybe(rejected.event_id),
        )

    def keep_body(self, request: Request, refusal: Refusal, body: bytes) -> None:
        """Keep what may be said of a body that could not be used."""
        if not self._may_keep():
            return
        position = refusal.position if isinstance(refusal, NotJson) else 0
        self._keep(request, refusal.reason, refusal.message, body_payload(body, position))

    def keep_record(self, record: Record, since: int, why: str) -> None:
        """Keep an accepted event's record, waiting since then (epoch ms), that Kafka refuses for good."""
        if not self._may_keep():
            return
        self._write(
            {
                "reason": Reason.UNDELIVERABLE.value,
                "message": f"Kafka refuses the record: {why}",
                "first_seen": since,
                "payload": record.value,
                "schema_id": schema_id_of(record.value),
                "session_id": record.key.decode(errors="replace"),
            },
            record.key,
        )

    def _may_keep(self) -> bool:
        """Asked before a letter is made: making one takes longer than answering."""
        if self.encoder is None:
            self._metrics.dead_letter(DeadLetterOutcome.FAILED)
        elif self._cap.take(self._topic):
            self._metrics.dead_letter(DeadLetterOutcome.OVER_RATE)
        else:
            return True
        return False

    def _keep(
        self,
        request: Request,
        reason: str,
        message: str,
        payload: bytes | None,
        session_id: str | None = None,
        event_id: str | None = None,
    ) -> None:
        key = (session_id or request.id).encode()
        self._write(
            {
                "reason": str(reason),
                "message": message,
                "first_seen": request.received_at,
                "payload": payload,
                "request_id": request.id,
                "session_id": session_id,
                "event_id": event_id,
            },
            key,
        )

    def _write(self, letter: dict[str, Any], key: bytes) -> None:
        payload = letter["payload"]
        if payload is None or len(payload) > MAX_PAYLOAD_BYTES:
            self._metrics.dead_letter(DeadLetterOutcome.TOO_LARGE)
        elif self.encoder is not None:
            value = self.encoder.encode({"stage": Stage.GATEWAY.value, **letter})
            self._post.post(self._topic, Record(key, value), self._count)

    def _count(self, kept: bool) -> None:
        self._metrics.dead_letter(DeadLetterOutcome.KEPT if kept else DeadLetterOutcome.FAILED)


def event_payload(envelope: Envelope, raw: object, redaction: Redaction) -> bytes | None:
    """A request body with this one event and no key or token in it; None where JSON cannot write it.

    Secrets of the request and the event are left out, so that it can be sent again; deeper ones are marked.
    """
    outer: Mapping[str, Any] = envelope
    try:
        document = {
            **_kept(outer),
            "event": _kept(raw) if isinstance(raw, dict) else without_secret_fields(raw),
        }
        return redaction.text(json.dumps(document, separators=(",", ":"))).encode()
    except (ValueError, RecursionError):
        return None


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: without_secret_fields(value)
        for name, value in fields.items()
        if name not in _ITEMS and not is_secret_name(name)
    }


def body_payload(body: bytes, position: int) -> bytes:
    """Size, hash, position and surroundings of the fault, with everything but JSON's structure masked."""
    start = max(0, position - _EXCERPT_BYTES // 2)
    excerpt = _NOT_STRUCTURE.sub(b"x", body[start : start + _EXCERPT_BYTES])
    return json.dumps(
        {
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "position": position,
            "excerpt": excerpt.decode("ascii"),
        }
    ).encode()
