"""Reading a request's body, bounded in size and time whatever its headers say."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import Receive

from ingest_gateway.content_encoding import check_encoding, decoded
from ingest_gateway.errors import ClientGone, Refusal
from ingest_gateway.exchange import Exchange
from ingest_gateway.request import Request
from schemas import limits
from schemas.reasons import Reason

_MEDIA_TYPES = ("", "application/json", "text/plain")
_LINGER_S = 1.0
_LINGER_BYTES = 4 * limits.BODY_BYTES
_CHARSETS = ("utf-8", "utf8", "us-ascii")


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """How much a request may send, as it is and decoded, and how long it may take."""

    max_bytes: int = limits.BODY_BYTES
    deadline_s: float = 10.0


async def read_body(request: Request, receive: Receive, bounds: BodyBounds) -> bytes:
    """The whole body, decoded. Raises Refusal (415, 413, 408, 400) or ClientGone."""
    _check_type(request)
    encoding = _encoding(request)
    declared = request.header(b"content-length")
    if declared is not None and declared.isdecimal() and int(declared) > bounds.max_bytes:
        raise _too_large(bounds)
    if request.exchange is None:
        encoded = await _in_time(receive, bounds)
    else:
        encoded = _at_once(request.exchange, bounds)
    return decoded(encoding, encoded, bounds.max_bytes)


def _at_once(exchange: Exchange, bounds: BodyBounds) -> bytes:
    if exchange.client_is_gone:
        raise ClientGone
    body = exchange.body()
    if len(body) > bounds.max_bytes:
        raise _too_large(bounds)
    return body


async def _in_time(receive: Receive, bounds: BodyBounds) -> bytes:
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


async def discard_rest(receive: Receive) -> None:
    """Read on after a refusal, for a moment and a few megabytes: until the client has read its answer."""
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while size < _LINGER_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _check_type(request: Request) -> None:
    header = request.header(b"content-type")
    if header is None:
        return
    media_type, _, parameters = header.lower().partition(";")
    if media_type.strip() not in _MEDIA_TYPES:
        raise Refusal(
            Reason.UNSUPPORTED_MEDIA_TYPE, "send JSON as application/json or text/plain, not another type"
        )
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in _CHARSETS:
            raise Refusal(Reason.UNSUPPORTED_MEDIA_TYPE, "JSON is UTF-8 (RFC 8259): send no other charset")


def _encoding(request: Request) -> str:
    """The Content-Encoding; empty for identity. Raises Refusal (415)."""
    if request.header(b"content-encoding") is None:
        return ""
    encoding = ", ".join(request.all(b"content-encoding")).strip().lower()
    encoding = "" if encoding == "identity" else encoding
    check_encoding(encoding)
    return encoding


def _too_large(bounds: BodyBounds) -> Refusal:
    return Refusal(Reason.BODY_TOO_LARGE, f"a body is at most {bounds.max_bytes} bytes: send fewer events")
