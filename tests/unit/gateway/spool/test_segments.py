"""A disk that fails for a while leaves neither torn entries behind good ones, nor litter."""

import os
from pathlib import Path

import pytest

from ingest_gateway.spool.segments import SegmentWriter, segments_in


def test_a_segment_that_failed_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path, 1_000_000)
    first = writer.append(1, [b"one"], durable=True).segment
    assert writer.append(3, [b"three"], durable=True).segment == first
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: os.fstat(-1))
    with pytest.raises(OSError, match="Bad file"):
        writer.append(4, [b"four"], durable=True)
    monkeypatch.undo()
    assert writer.append(5, [b"five"], durable=True).segment != first
    assert len(segments_in(tmp_path)) == 2
    writer.close()


def test_a_disk_that_is_full_for_long_is_not_littered_with_empty_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SegmentWriter(tmp_path, 1_000_000)
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: os.fstat(-1))
    for order in range(10):
        with pytest.raises(OSError, match="Bad file"):
            writer.append(order, [b"entry"], durable=True)
    assert segments_in(tmp_path) == []
