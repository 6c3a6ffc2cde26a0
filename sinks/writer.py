"""A flush, whatever is in it: dead letters first and acknowledged, then one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.reasons import Reason
from sinks.batch import Contents
from sinks.database import Database
from sinks.dead_letters import DeadLetters
from sinks.errors import RowRefused
from sinks.record import Rejection, Staged


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a flush's records. Rows by table; `offered` are those that went to the database."""

    offered: Mapping[str, int]
    stored: Mapping[str, int]
    rejections: tuple[Rejection, ...]
    repeated: Mapping[str, int]


class Writer:
    """Into PostgreSQL, and into the dead-letter topic what PostgreSQL cannot have."""

    def __init__(self, database: Database, dead_letters: DeadLetters) -> None:
        self._database = database
        self._dead_letters = dead_letters

    def write(self, contents: Contents) -> Outcome:
        """Returns when everything is stored. Raises Unavailable, RegistryUnavailable, Fenced or LoudStop."""
        self._dead_letters.send(contents.rejections)
        try:
            return _outcome(contents, contents, self._database.store(contents), [])
        except RowRefused:
            rejections = [_rejection(*found) for found in self._database.find_refused(contents)]
        self._dead_letters.send(rejections)
        bad = {id(rejection.record) for rejection in rejections}
        rest = contents.only([staged for staged in contents.staged() if id(staged.record) not in bad])
        return _outcome(contents, rest, self._database.store(rest), rejections)


def _rejection(staged: Staged, words: str) -> Rejection:
    return Rejection(staged.record, Reason.DATABASE_REFUSED, words)


def _outcome(
    contents: Contents, written: Contents, stored: Mapping[str, int], refused: list[Rejection]
) -> Outcome:
    return Outcome(
        offered={table: len(rows) for table, rows in written.rows.items()},
        stored=stored,
        rejections=(*contents.rejections, *refused),
        repeated=contents.repeated,
    )
