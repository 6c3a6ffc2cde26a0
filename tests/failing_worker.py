"""A stream worker with a bug: its reducer fails on every third event. For the test of what becomes of it."""

from itertools import count
from typing import Any

from stream_processors.__main__ import main
from stream_processors.sessions import reducer

_real = reducer._fold_flags
_number = count()


def _broken(row: Any, event: Any) -> None:
    if next(_number) % 3 == 0:
        raise ZeroDivisionError("the bug")
    _real(row, event)


if __name__ == "__main__":
    reducer._fold_flags = _broken
    main()
