"""Where a new owner goes on, and when it must not."""

import pytest

from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.restore import Extent
from stream_processors.errors import LoudStop

SOURCE = TopicPartition("interactions", 3)


def test_a_group_that_never_committed_begins_at_the_oldest_record() -> None:
    assert Extent(None, start=7, end=9).position(SOURCE, had_rows=False) == 7


@pytest.mark.parametrize("committed", [7, 8, 9])
def test_it_goes_on_where_the_predecessor_committed(committed: int) -> None:
    assert Extent(committed, start=7, end=9).position(SOURCE, had_rows=True) == committed


@pytest.mark.parametrize("committed", [6, 10])
def test_records_that_were_deleted_unread_stop_it_with_advice(committed: int) -> None:
    with pytest.raises(LoudStop, match=r"interactions\[3\].*rebuild"):
        Extent(committed, start=7, end=9).position(SOURCE, had_rows=True)


def test_rows_without_an_offset_stop_it_instead_of_being_counted_up_again() -> None:
    with pytest.raises(LoudStop, match="no committed offset"):
        Extent(None, start=7, end=9).position(SOURCE, had_rows=True)
