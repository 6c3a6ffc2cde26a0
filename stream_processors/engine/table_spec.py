"""What an agent tells the engine of a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.topics import Topic

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class TableSpec(Generic[Row]):
    """What a table holds and where it goes.

    `publish` gives the row's public bytes, None where nothing new is to be said; both topics have the
    source's key and number of partitions. `due` reads from a row's bytes when the agenda should next look at
    it (epoch ms; None: never), `rank` what its rows are ordered by for those who ask for the first few,
    `count` what a row adds to the table's total.
    """

    name: str
    changelog: Topic
    public: Topic
    new: Callable[[], Row]
    pack: Callable[[Row], bytes]
    unpack: Callable[[bytes], Row]
    publish: Callable[[str, Row], bytes | None]
    due: Callable[[bytes], int | None] | None = None
    rank: Callable[[bytes], float] | None = None
    count: Callable[[bytes], int] = lambda _packed: 1
