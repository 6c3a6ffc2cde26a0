"""Decoding a compressed body, bounded however much it would unfold to.

A bound on the output, never on the ratio: gigabytes of zeros fit into kilobytes of brotli. Decoders are asked
for one byte more than a body may have, so a bomb costs that much memory and no more. One body is one stream:
what is cut short, or followed by anything, is refused.
"""

import sys
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import brotli

from ingest_gateway.errors import Refusal
from schemas.reasons import Reason

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_GZIP_ONLY: Final = 16 + zlib.MAX_WBITS
"""zlib's way to say: a gzip header, no other."""
_ZSTD_WINDOW_LOG_MAX: Final = 23
"""8 MiB: what every decoder must offer (RFC 9659, section 3), and all of our memory a stranger may have."""


class _Broken(Exception):
    """The bytes are not one whole stream of their encoding."""


class _Bounded(Protocol):
    """The decompressors of zlib and zstd: both stop at `max_length` bytes, and know where the stream ends."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _whole(decoder: _Bounded, encoded: bytes, limit: int) -> bytes:
    decoded = decoder.decompress(encoded, limit)
    if len(decoded) < limit and (not decoder.eof or decoder.unused_data):
        raise _Broken
    return decoded


def _gzip(encoded: bytes, limit: int) -> bytes:
    try:
        return _whole(zlib.decompressobj(_GZIP_ONLY), encoded, limit)
    except zlib.error:
        raise _Broken from None


def _zstd(encoded: bytes, limit: int) -> bytes:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG_MAX}
    try:
        return _whole(zstd.ZstdDecompressor(options=options), encoded, limit)
    except zstd.ZstdError:
        raise _Broken from None


def _brotli(encoded: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    try:
        # What follows the stream's end is an error of brotli's own.
        decoded: bytes = decoder.process(encoded, output_buffer_limit=limit)
    except brotli.error:
        raise _Broken from None
    if len(decoded) < limit and not decoder.is_finished():
        raise _Broken
    return decoded


_DECODERS: Final[Mapping[str, Callable[[bytes, int], bytes]]] = MappingProxyType(
    {"gzip": _gzip, "br": _brotli, "zstd": _zstd}
)

ACCEPTED: Final = ", ".join(_DECODERS)
"""For the header Accept-Encoding of an answer that refuses another one (RFC 9110, section 15.5.16)."""


def check_encoding(encoding: str) -> None:
    """Whether a body so encoded can be read at all; `""` is identity. Raises Refusal (415)."""
    if encoding and encoding not in _DECODERS:
        raise Refusal(
            Reason.UNSUPPORTED_ENCODING, f"Content-Encoding is one of identity, {ACCEPTED}; one, not a chain"
        )


def decoded(encoding: str, encoded: bytes, max_bytes: int) -> bytes:
    """The body behind its Content-Encoding (one that `check_encoding` let pass).

    Raises Refusal: 413 where it would be more than `max_bytes`, 400 where it is not one whole stream.
    """
    if not encoding:
        return encoded
    try:
        body = _DECODERS[encoding](encoded, max_bytes + 1)
    except _Broken:
        raise Refusal(
            Reason.INVALID_ENCODING, f"the body is not one whole {encoding} stream with nothing behind it"
        ) from None
    if len(body) > max_bytes:
        raise Refusal(
            Reason.BODY_TOO_LARGE, f"a body is at most {max_bytes} bytes when decoded: send fewer events"
        )
    return body
