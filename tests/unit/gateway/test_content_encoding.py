"""Compressed bodies: taken where whole and small, refused where not, at a bounded memory."""

import gzip
import json
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_gateway.content_encoding import decoded
from ingest_gateway.errors import Refusal
from schemas.limits import BODY_BYTES
from schemas.reasons import Reason
from tests.unit.gateway.in_memory import FROM_SHOP, Gateway, single

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
MIB = 1024 * 1024


class _Streaming:
    """A gzip bomb too large to hold when it is made."""

    def __init__(self) -> None:
        self._one = zlib.compressobj(9, zlib.DEFLATED, 31)

    def of(self, pieces: Iterable[bytes]) -> bytes:
        return b"".join([*map(self._one.compress, pieces), self._one.flush()])


@pytest.fixture(params=list(COMPRESS))
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def reason_of(encoding: str, body: bytes) -> Reason:
    with pytest.raises(Refusal) as caught:
        decoded(encoding, body, BODY_BYTES)
    return caught.value.reason


def test_a_compressed_batch_is_taken(encoding: str) -> None:
    gateway = Gateway()
    body = COMPRESS[encoding](json.dumps(single()).encode())
    assert gateway.send(body, FROM_SHOP | {"content-encoding": encoding.upper()}).status == 200
    assert len(gateway.published) == 1


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(list(COMPRESS)), st.binary(max_size=3_000))
def test_what_was_compressed_comes_back(encoding: str, body: bytes) -> None:
    assert decoded(encoding, COMPRESS[encoding](body), 3_000) == body


def test_the_bound_is_exact(encoding: str) -> None:
    whole = COMPRESS[encoding](b"x" * BODY_BYTES)
    assert len(decoded(encoding, whole, BODY_BYTES)) == BODY_BYTES
    assert reason_of(encoding, COMPRESS[encoding](b"x" * (BODY_BYTES + 1))) is Reason.BODY_TOO_LARGE


def test_a_bomb_is_refused_at_a_bounded_memory(encoding: str) -> None:
    bomb = COMPRESS[encoding](bytes(64 * MIB)) if encoding != "gzip" else _Streaming().of([bytes(MIB)] * 256)
    tracemalloc.start()
    try:
        assert reason_of(encoding, bomb) is Reason.BODY_TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_a_bomb_is_a_413_and_ends_its_connection(encoding: str) -> None:
    bomb = COMPRESS[encoding](b" " * (4 * BODY_BYTES))
    answer = Gateway().send(bomb, FROM_SHOP | {"content-encoding": encoding})
    assert (answer.status, answer.json["reason"]) == (413, "body_too_large")
    assert answer.headers["connection"] == "close"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(COMPRESS)), st.integers(0, 200), st.binary(min_size=1, max_size=20))
def test_a_stream_cut_short_or_continued_is_refused(encoding: str, kept: int, more: bytes) -> None:
    whole = COMPRESS[encoding](bytes(range(256)))
    assert reason_of(encoding, whole[: min(kept, len(whole) - 1)]) is Reason.INVALID_ENCODING
    assert reason_of(encoding, whole + more) is Reason.INVALID_ENCODING


def test_two_streams_in_a_row_are_refused(encoding: str) -> None:
    one = COMPRESS[encoding](b"{}")
    assert reason_of(encoding, one + one) is Reason.INVALID_ENCODING


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(COMPRESS)), st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(encoding: str, body: bytes) -> None:
    with suppress(Refusal):
        assert len(decoded(encoding, body, 1_000)) <= 1_000


def test_a_zstd_window_larger_than_every_decoder_must_offer_is_refused() -> None:
    wide: dict[int, int] = {
        zstd.CompressionParameter.window_log: 27,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    frame = zstd.ZstdCompressor(options=wide)
    body = frame.compress(b"x" * 1_000) + frame.flush()
    assert reason_of("zstd", body) is Reason.INVALID_ENCODING


@pytest.mark.parametrize("given", ["deflate", "gzip, br", "identity, gzip", "compress", "", "gzip,"])
def test_other_encodings_and_chains_are_told_which_to_use(given: str) -> None:
    answer = Gateway().send(single(), FROM_SHOP | {"content-encoding": given})
    if not given:
        assert answer.status == 200
        return
    assert (answer.status, answer.json["reason"]) == (415, "unsupported_encoding")
    assert answer.headers["accept-encoding"] == "gzip, br, zstd"


def test_identity_is_no_encoding() -> None:
    assert Gateway().send(single(), FROM_SHOP | {"content-encoding": "identity"}).status == 200
