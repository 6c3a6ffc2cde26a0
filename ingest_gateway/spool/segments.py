"""Segments: the spool's files, each written once, from front to back, and removed as a whole.

Every call here touches the disk and blocks. Any may raise OSError.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest_gateway.spool.frames import MARKER_BYTES, framed

_SUFFIX: Final = ".segment"
_BLOCK_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Segment:
    """One file. Its name is its place in the order, and the marker of its frames."""

    path: Path

    @property
    def marker(self) -> bytes:
        """What each of its frames begins with."""
        return bytes.fromhex(self.path.stem.rpartition("-")[2])

    @classmethod
    def new(cls, folder: Path, order: int, suffix: str = _SUFFIX) -> "Segment":
        """A name nobody has; the file is not there yet."""
        return cls(folder / f"{order:020d}-{secrets.token_hex(MARKER_BYTES)}{suffix}")

    def size(self) -> int:
        """Its bytes on the disk; none where it is gone."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Its bytes. Of a medium that gives some of them up, those in the lost blocks are zeros."""
        with self.path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size if end is None else end
            try:
                return os.pread(file.fileno(), size - start, start)
            except OSError:
                return b"".join(
                    _block(file.fileno(), at, min(_BLOCK_BYTES, size - at))
                    for at in range(start, size, _BLOCK_BYTES)
                )


def _block(descriptor: int, start: int, length: int) -> bytes:
    try:
        return os.pread(descriptor, length, start)
    except OSError:
        return bytes(length)


def segments_in(folder: Path) -> list[Segment]:
    """The segments in the folder, oldest first."""
    return [Segment(path) for path in sorted(folder.glob(f"*{_SUFFIX}"))]


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a group of frames ends: everything in the segment up to `end` is on the disk."""

    segment: Segment
    end: int


class SegmentWriter:
    """Appends groups of frames, and begins a new segment where one is full or has failed.

    `orders`: each is larger than the one before, in this process and in every earlier one.
    """

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segment: Segment | None = None
        self._descriptor = -1
        self._end = 0

    def append(self, order: int, bodies: Sequence[bytes], durable: bool) -> Extent:
        """Write the frames of these bodies; `durable`: return when they are on the disk.

        After an OSError none of them counts. A failed fsync may have dropped what it should have written, and
        the next one would not say so: that segment is never written again.
        """
        segment = self._current(order)
        data = b"".join(framed(segment.marker, inner) for inner in bodies)
        try:
            _write(self._descriptor, data)
            if durable:
                os.fdatasync(self._descriptor)
        except OSError:
            self._cut_off()
            raise
        self._end += len(data)
        return Extent(segment, self._end)

    def close(self) -> None:
        """Write no more to the current segment; the next group begins another."""
        if self._segment is not None:
            os.close(self._descriptor)
            self._segment = None

    def remove(self, segment: Segment) -> None:
        """Its entries need not wait any longer."""
        if self._segment == segment:
            self.close()
        segment.path.unlink(missing_ok=True)

    def _current(self, order: int) -> Segment:
        if self._segment is not None and self._end >= self._segment_bytes:
            self.close()
        if self._segment is None:
            self._begin(Segment.new(self._folder, order))
        assert self._segment is not None
        return self._segment

    def _begin(self, segment: Segment) -> None:
        self._descriptor = _create(segment)
        self._segment, self._end = segment, 0
        sync_folder(self._folder)

    def _cut_off(self) -> None:
        """Leave nothing behind the last group that counts, where the disk allows it."""
        assert self._segment is not None
        try:
            if self._end:
                os.ftruncate(self._descriptor, self._end)
            else:
                self._segment.path.unlink()
        except OSError:
            pass  # what stays is drained after the next start: sent twice at worst
        finally:
            self.close()


def write_alone(segment: Segment, body: bytes) -> None:
    """A file of its own for one frame; return when it is on the disk. After an OSError there is none."""
    descriptor = _create(segment)
    try:
        _write(descriptor, framed(segment.marker, body))
        os.fsync(descriptor)
        sync_folder(segment.path.parent)
    except OSError:
        with suppress(OSError):
            segment.path.unlink()
        raise
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in it last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(segment: Segment) -> int:
    return os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
