"""Reading a request's body, bounded in size and time whatever its headers say."""

import asyncio
from dataclasses import dataclass

from starlette.types import Receive

from ingest_gateway.errors import ClientGone, Refusal
from ingest_gateway.request import Request
from schemas import limits
from schemas.reasons import Reason

_MEDIA_TYPES = ("", "application/json", "text/plain")


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """How much a request may send, and how long it may take."""

    max_bytes: int = limits.BODY_BYTES
    deadline_s: float = 10.0


async def read_body(request: Request, receive: Receive, bounds: BodyBounds) -> bytes:
    """The whole body. Raises Refusal (415, 413, 408) or ClientGone."""
    _check_type(request)
    declared = request.header(b"content-length")
    if declared is not None and declared.isdecimal() and int(declared) > bounds.max_bytes:
        raise _too_large(bounds)
    try:
        async with asyncio.timeout(bounds.deadline_s):
            return await _collect(receive, bounds)
    except TimeoutError:
        raise Refusal(
            Reason.REQUEST_TIMEOUT, f"the body was not complete after {bounds.deadline_s:g} seconds"
        ) from None


async def _collect(receive: Receive, bounds: BodyBounds) -> bytes:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > bounds.max_bytes:
            raise _too_large(bounds)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _check_type(request: Request) -> None:
    media_type = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        raise Refusal(
            Reason.UNSUPPORTED_MEDIA_TYPE, "send JSON as application/json or text/plain, not another type"
        )
    encoding = (request.header(b"content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise Refusal(Reason.UNSUPPORTED_ENCODING, "send the body without Content-Encoding")


def _too_large(bounds: BodyBounds) -> Refusal:
    return Refusal(Reason.BODY_TOO_LARGE, f"a body is at most {bounds.max_bytes} bytes: send fewer events")
