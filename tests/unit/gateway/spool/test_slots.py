"""Every process has a folder of its own, and what a dead one left is found."""

from pathlib import Path

import pytest

from ingest_gateway.spool import slots
from ingest_gateway.spool.segments import SegmentWriter, segments_in
from ingest_gateway.spool.slots import Slot, abandoned, claim, left_behind


def _leave_something(folder: Path) -> None:
    writer = SegmentWriter(folder, 1_000)
    writer.append(1, [b"entry"], durable=True)
    writer.close()


def _abandoned(root: Path) -> list[Slot]:
    return list(abandoned(root, lambda folder: bool(segments_in(folder))))


def test_each_claims_another_and_a_released_one_is_claimed_again(tmp_path: Path) -> None:
    root = tmp_path / "spool" / "topic"
    first, second = claim(root), claim(root)
    assert (first.folder.name, second.folder.name) == ("slot-1", "slot-2")
    first.release()
    assert claim(root).folder == first.folder


def test_only_what_nobody_holds_and_is_not_empty_is_abandoned(tmp_path: Path) -> None:
    held, empty, left = claim(tmp_path), claim(tmp_path), claim(tmp_path)
    _leave_something(held.folder)
    _leave_something(left.folder)
    empty.release()
    left.release()
    (found,) = _abandoned(tmp_path)
    assert found.folder == left.folder
    assert _abandoned(tmp_path) == []


def test_what_is_left_behind_is_what_nobody_holds(tmp_path: Path) -> None:
    held, left = claim(tmp_path), claim(tmp_path)
    for slot in (held, left):
        _leave_something(slot.folder)
    assert left_behind(tmp_path) == 0
    left.release()
    assert left_behind(tmp_path) == segments_in(left.folder)[0].size() > 0
    assert [slot.folder for slot in _abandoned(tmp_path)] == [left.folder]
    assert left_behind(tmp_path) == 0


def test_a_new_root_lasts_with_all_folders_above_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(slots, "sync_folder", synced.append)
    claim(tmp_path / "data" / "spool" / "topic")
    assert synced == [tmp_path, tmp_path / "data", tmp_path / "data" / "spool", tmp_path / "data/spool/topic"]
