"""One folder for each gateway process: claimed by a lock that ends with the process, however it ends.

Several processes of one host share a spool's root: each takes the first slot that nobody holds, with what a
dead process left in it. Locks are flock(2): a slot's folder and lock file stay, only their holder changes.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from ingest_gateway.spool.segments import segments_in, sync_folder

_LOCK: Final = "lock"


class Slot:
    """A folder that is this process's own until `release`."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)


def claim(root: Path) -> Slot:
    """The first slot that nobody holds. Raises OSError."""
    _make(root)
    for number in count(1):
        slot = _try(root / f"slot-{number}")
        if slot is not None:
            return slot
    raise AssertionError("numbers do not end")


def abandoned(root: Path, has_work: Callable[[Path], bool]) -> Iterator[Slot]:
    """Slots that nobody holds although there is work left in them; claimed. Raises OSError."""
    for folder in _slots(root):
        if has_work(folder) and (slot := _try(folder)) is not None:
            yield slot


def left_behind(root: Path) -> int:
    """How many bytes are in slots that nobody holds. Raises OSError."""
    sizes = {folder: sum(segment.size() for segment in segments_in(folder)) for folder in _slots(root)}
    return sum(size for folder, size in sizes.items() if size and not _held(folder))


def _slots(root: Path) -> list[Path]:
    return sorted(root.glob("slot-*"))


def _held(folder: Path) -> bool:
    """Whether a process has it; by a lock that does not keep another from looking as well."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _make(folder: Path) -> None:
    """With the folders above it, all of whose names last."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def _try(folder: Path) -> Slot | None:
    if not folder.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return Slot(folder, descriptor)
