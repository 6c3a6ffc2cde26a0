"""Dead letters: which records were left out or failed, and which rows they concern.

Nobody keeps their state yet: every dead letter behind the gateway is open.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from ops.audit.comparison import LISTED
from ops.audit.concerned import Concerned, concerned_by_activity, concerned_by_interaction, row_named
from ops.audit.published import BATCH, TopicReader
from ops.audit.reading import AvroReader
from ops.audit.result import OpenRow
from ops.audit.subjects import PERFUME_ROWS, SESSION_ROWS, SUBJECTS, Place
from ops.audit.workspace import Row, Workspace
from schemas.reasons import Stage
from schemas.topics import DEAD_LETTER, INTERACTIONS, PERFUME_ACTIVITY, Namespace
from wire.codec import SchemaSource
from wire.errors import Undecodable

OPEN_ROWS: Final = """
SELECT subject, key, array_agg(reason ORDER BY reason) AS reasons
FROM open_letters WHERE {scope} GROUP BY subject, key ORDER BY subject, key
"""
STORE_REFUSAL: Final = "INSERT INTO refusals VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
STORE_ARRIVAL: Final = "INSERT INTO arrivals VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
STORE_LETTER: Final = "INSERT INTO open_letters VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"


@dataclass(slots=True)
class _Batch:
    refusals: list[Row] = field(default_factory=list)
    arrivals: list[Row] = field(default_factory=list)
    letters: list[Row] = field(default_factory=list)


class Letters:
    """Keeps `refusals`, `arrivals` and `open_letters` in the workspace at what the dead-letter topic says."""

    def __init__(
        self, reader: TopicReader, schemas: SchemaSource, namespace: Namespace, space: Workspace
    ) -> None:
        self._reader = reader
        self._space = space
        self._letter = AvroReader(str(DEAD_LETTER.value), schemas)
        self._interactions = namespace.topic(INTERACTIONS)
        self._activity = namespace.topic(PERFUME_ACTIVITY)
        self._interaction_reader = AvroReader(str(INTERACTIONS.value), schemas)
        self._activity_reader = AvroReader(str(PERFUME_ACTIVITY.value), schemas)
        self._public = {namespace.topic(subject.topic): subject for subject in SUBJECTS}
        self._seen: set[tuple[Any, ...]] = set()
        self.by_reason: Counter[str] = Counter()

    def catch_up(self) -> None:
        """Read on to the end. Raises CannotAudit, or wire.errors.RegistryUnavailable."""
        records = self._reader.read(DEAD_LETTER)
        while some := list(islice(records, BATCH)):
            batch = _Batch()
            for record in some:
                letter = self._letter.read(record.value())
                if letter["stage"] != Stage.GATEWAY:
                    self._take(batch, letter, _text(record.key()))
            self._space.insert(STORE_REFUSAL, batch.refusals)
            self._space.insert(STORE_ARRIVAL, batch.arrivals)
            self._space.insert(STORE_LETTER, batch.letters)

    def open_rows(self) -> tuple[int, tuple[OpenRow, ...]]:
        """How many rows within the scope open letters concern, and the first of them."""
        wanted = [
            f"subject = '{subject.name}' AND {self._space.within_scope(subject, 'narrowed_by')}"
            for subject in SUBJECTS
        ]
        query = OPEN_ROWS.format(scope=" OR ".join(wanted))
        ((number,),) = self._space.run(f"SELECT count(*) FROM ({query}) AS row").fetchall()
        listed = self._space.run(f"{query} LIMIT {LISTED}").fetchall()
        return number, tuple(OpenRow(subject, key, tuple(reasons)) for subject, key, reasons in listed)

    def _take(self, batch: _Batch, letter: Mapping[str, Any], key: str) -> None:
        self._count(letter)
        topic, place = letter["source_topic"], _source(letter)
        refused = letter["stage"] == Stage.SESSION_AGENT and topic == self._interactions
        event = self._read(self._interaction_reader, letter) if topic == self._interactions else None
        if event is not None:
            batch.arrivals.append((*place, event["received_at"]))
        if refused:
            session, at = (event["session_id"], event["occurred_at"]) if event else (None, None)
            batch.refusals.append((*place, letter["reason"], session, at))
        why = f"{letter['reason']} at {letter['stage']}"
        for row in self._concerned(letter, event, key):
            batch.letters.append((*map(_storable, row), why, self._excuses(letter, refused)))

    def _excuses(self, letter: Mapping[str, Any], refused: bool) -> list[str]:
        """In which places the letter's rows may differ.

        A refused event is left out of what is expected. A public row that the sink could not store is missing
        in PostgreSQL only.
        """
        if refused:
            return []
        return [Place.POSTGRESQL.value] if letter["source_topic"] in self._public else [*map(str, Place)]

    def _count(self, letter: Mapping[str, Any]) -> None:
        source = (letter["stage"], letter["source_topic"], *_source(letter))
        if source not in self._seen:
            self._seen.add(source)
            self.by_reason[letter["reason"]] += 1

    def _concerned(
        self, letter: Mapping[str, Any], event: Mapping[str, Any] | None, key: str
    ) -> list[Concerned]:
        topic = letter["source_topic"]
        if topic in self._public:
            return [row_named(self._public[topic], key)]
        if topic == self._interactions:
            return concerned_by_interaction(event) if event else [row_named(SESSION_ROWS, key)]
        if topic == self._activity:
            activity = self._read(self._activity_reader, letter)
            return concerned_by_activity(activity) if activity else [row_named(PERFUME_ROWS, key)]
        return []

    def _read(self, reader: AvroReader, letter: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            return reader.read(letter["payload"])
        except Undecodable:
            return None


def _source(letter: Mapping[str, Any]) -> tuple[int, int]:
    return letter["source_partition"], letter["source_offset"]


def _text(key: bytes | str | None) -> str:
    return key if isinstance(key, str) else (key or b"").decode(errors="replace")


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd")
