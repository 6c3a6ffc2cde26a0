"""What the gateway answers: the one place where reasons become statuses, and results become JSON."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import orjson
from starlette.types import Send

from ingest_gateway.admission import Headers
from ingest_gateway.content_encoding import ACCEPTED
from ingest_gateway.errors import Drop, RateLimited, Refusal
from ingest_gateway.intake import Intake, Rejected
from ingest_gateway.metrics import Outcome
from schemas.reasons import Reason

STATUS: Final[Mapping[Reason, int]] = MappingProxyType(
    {
        Reason.INVALID_KEY: 401,
        Reason.MISSING_CREDENTIALS: 401,
        Reason.INVALID_TOKEN: 401,
        Reason.EXPIRED_TOKEN: 401,
        Reason.ORIGIN_NOT_ALLOWED: 403,
        Reason.NOT_FOUND: 404,
        Reason.METHOD_NOT_ALLOWED: 405,
        Reason.REQUEST_TIMEOUT: 408,
        Reason.BODY_TOO_LARGE: 413,
        Reason.TOO_MANY_EVENTS: 413,
        Reason.UNSUPPORTED_MEDIA_TYPE: 415,
        Reason.UNSUPPORTED_ENCODING: 415,
        Reason.RATE_LIMITED: 429,
        Reason.HEAD_TOO_LARGE: 431,
        Reason.INTERNAL_ERROR: 500,
        Reason.UNAVAILABLE: 503,
        Reason.TOO_MANY_CONNECTIONS: 503,
    }
)
"""The status of a refused request, by reason; every other reason is a 400."""

BAD_REQUEST: Final = 400
INTERNAL_ERROR_TEXT: Final = "Internal server error"

_CLOSE: Final = (b"connection", b"close")
_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
_EXTRA: Final[Mapping[int, Headers]] = MappingProxyType(
    {
        401: [(b"www-authenticate", b"Bearer")],
        405: [(b"allow", b"POST, OPTIONS")],
        # The rest of the body is still on its way: without this the server would read all of it.
        408: [_CLOSE],
        413: [_CLOSE],
        415: [(b"accept-encoding", ACCEPTED.encode())],
        503: [(b"retry-after", b"1")],
    }
)


class Answer:
    """One HTTP answer, and how it is counted. `reason`: why the request as a whole was not taken."""

    def __init__(
        self,
        status: int,
        body: bytes,
        outcome: Outcome,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        reason: Reason | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.outcome = outcome
        self.headers = headers
        self.reason = reason


def status_of(reason: Reason) -> int:
    """The HTTP status of a request refused for that reason."""
    return STATUS.get(reason, BAD_REQUEST)


def taken(intake: Intake) -> Answer:
    """The answer to a batch whose accepted events are safe; a refusal where there are none."""
    if not intake.accepted:
        return _all_rejected(intake)
    document: dict[str, Any] = {"success": True}
    if intake.single:
        document["eventId"], _own, _visitor = intake.accepted[0]
    else:
        document["count"] = len(intake.accepted)
        if intake.rejected:
            document["rejected"] = [_rejected(item) for item in intake.rejected]
    return Answer(200, orjson.dumps(document), Outcome.PARTIAL if intake.rejected else Outcome.ACCEPTED)


def _all_rejected(intake: Intake) -> Answer:
    first = intake.rejected[0]
    reason = first.reason if intake.single else Reason.ALL_REJECTED
    return _failure(
        reason,
        first.message if intake.single else reason.meaning,
        Outcome.REFUSED,
        {"rejected": [_rejected(item) for item in intake.rejected]},
    )


def _rejected(item: Rejected) -> dict[str, Any]:
    return {
        "index": item.index,
        "eventId": item.event_id,
        "reason": item.reason.value,
        "message": item.message,
    }


def dropped(why: Drop) -> Answer:
    """The request was in order and nothing of it was kept."""
    return Answer(200, orjson.dumps({"success": True, "count": 0, "dropped": why.value}), Outcome(why.value))


def refused(refusal: Refusal) -> Answer:
    """The request as a whole was not taken."""
    unavailable = refusal.reason is Reason.UNAVAILABLE
    outcome = Outcome.UNAVAILABLE if unavailable else Outcome.REFUSED
    answer = _failure(refusal.reason, refusal.message, outcome)
    if isinstance(refusal, RateLimited):
        answer.headers += ((b"retry-after", str(refusal.retry_after_s).encode()),)
    return answer


def internal_error() -> Answer:
    """A bug of ours. The text is always the same; details are for the log."""
    return _failure(Reason.INTERNAL_ERROR, INTERNAL_ERROR_TEXT, Outcome.ERROR)


def preflight(headers: Headers) -> Answer:
    """The answer to OPTIONS."""
    return Answer(204, b"", Outcome.PREFLIGHT, tuple(headers))


async def send(
    sink: Send, answer: Answer, headers: Headers, before_closing: Callable[[], Awaitable[None]]
) -> None:
    """Write the answer as ASGI messages, with these headers beside its own.

    `before_closing` is awaited where the connection closes behind the answer: what a closed socket still
    receives, it answers with a reset, and the client never reads why.
    """
    await sink(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": _headers(answer, headers),
        }
    )
    if closes(answer):
        await sink({"type": "http.response.body", "body": answer.body, "more_body": True})
        await before_closing()
        await sink({"type": "http.response.body", "body": b""})
    else:
        await sink({"type": "http.response.body", "body": answer.body})


def closes(answer: Answer) -> bool:
    """Whether the connection closes behind the answer."""
    return _CLOSE in answer.headers


def written(answer: Answer, headers: Headers) -> bytes:
    """The answer as HTTP/1.1 writes it, with these headers beside its own."""
    lines = [_STATUS_LINES[answer.status]]
    lines += [name + b": " + value for name, value in _headers(answer, headers)]
    return b"\r\n".join([*lines, b"", answer.body])


def written_last(answer: Answer) -> bytes:
    """The same for where there is no application yet. The connection closes."""
    return written(answer, [] if closes(answer) else [_CLOSE])


def _headers(answer: Answer, more: Headers) -> Headers:
    if answer.status == 204:
        return [*more, *answer.headers]
    return [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.body)).encode()),
        *more,
        *answer.headers,
    ]


def _failure(reason: Reason, message: str, outcome: Outcome, more: Mapping[str, Any] | None = None) -> Answer:
    status = status_of(reason)
    document = {"success": False, "error": message, "reason": reason.value, **(more or {})}
    return Answer(status, orjson.dumps(document), outcome, tuple(_EXTRA.get(status, ())), reason)
