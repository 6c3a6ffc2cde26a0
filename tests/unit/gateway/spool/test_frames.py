"""The spool's file format: whatever happens to some bytes, the frames beside them are read."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from ingest_gateway.record import Record
from ingest_gateway.spool import frames
from ingest_gateway.spool.frames import Damage, Frame, Kind

MARKER = bytes(range(200, 208))
RECORDS = st.lists(st.builds(Record, st.binary(max_size=9), st.binary(max_size=40)), max_size=5)
PAYLOADS = st.lists(st.binary(max_size=60), min_size=1, max_size=6)


def _file(payloads: list[bytes]) -> bytes:
    return b"".join(
        frames.framed(MARKER, frames.body(Kind.ENTRY, number, 1_000 + number, payload))
        for number, payload in enumerate(payloads)
    )


def _read(data: bytes) -> Iterator[tuple[int, bytes]]:
    for piece in frames.scan(data, MARKER):
        if isinstance(piece, Frame):
            yield piece.number, piece.payload


@given(RECORDS)
def test_records_are_read_as_they_were_written(records: list[Record]) -> None:
    payload = frames.pack(records)
    assert frames.unpack(payload) == records
    assert frames.count(payload) == len(records)


@given(PAYLOADS)
def test_a_file_is_read_as_it_was_written(payloads: list[bytes]) -> None:
    data = _file(payloads)
    found = list(frames.scan(data, MARKER))
    assert [(f.number, f.at, f.payload) for f in found if isinstance(f, Frame)] == [
        (number, 1_000 + number, payload) for number, payload in enumerate(payloads)
    ]
    assert len(found) == len(payloads)


@given(PAYLOADS, st.data())
def test_damage_costs_only_the_frames_it_touches(payloads: list[bytes], data: st.DataObject) -> None:
    whole = _file(payloads)
    start = data.draw(st.integers(0, len(whole) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=30))
    damaged = whole[:start] + junk + whole[start + len(junk) :]
    changed = [at for at in range(len(whole)) if whole[at : at + 1] != damaged[at : at + 1]]
    untouched = [
        (piece.number, piece.payload)
        for piece in frames.scan(whole, MARKER)
        if isinstance(piece, Frame) and not any(piece.start <= at < piece.end for at in changed)
    ]
    assert list(_read(damaged)) == untouched


@given(PAYLOADS, st.data())
def test_a_torn_end_costs_only_the_frame_that_was_torn(payloads: list[bytes], data: st.DataObject) -> None:
    whole = _file(payloads)
    cut = data.draw(st.integers(0, len(whole)))
    complete = [f for f in frames.scan(whole, MARKER) if isinstance(f, Frame) and f.end <= cut]
    found = list(frames.scan(whole[:cut], MARKER))
    assert [f for f in found if isinstance(f, Frame)] == complete
    rest = complete[-1].end if complete else 0
    assert [f for f in found if isinstance(f, Damage)] == ([Damage(rest, cut)] if rest < cut else [])


@given(PAYLOADS)
def test_an_event_cannot_pass_for_a_frame(payloads: list[bytes]) -> None:
    forged = frames.framed(b"attacker", frames.body(Kind.ENTRY, 7, 7, b"forged"))
    data = _file([*payloads, forged])
    damaged = data[:10] + bytes([data[10] ^ 1]) + data[11:]
    assert list(_read(damaged)) == [*enumerate(payloads), (len(payloads), forged)][1:]


def test_a_frame_of_a_kind_nobody_knows_is_no_frame() -> None:
    unknown = frames.framed(MARKER, b"\x09" + frames.body(Kind.ENTRY, 1, 1, b"")[1:])
    assert list(frames.scan(unknown, MARKER)) == [Damage(0, len(unknown))]
