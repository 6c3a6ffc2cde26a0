"""Dead letters: which records the session agent left out, and which rows they may have left wrong.

Nobody keeps their state yet: every dead letter behind the gateway is open.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from ops.audit.published import BATCH, TopicReader
from ops.audit.subjects import (
    AFFINITY_ROWS,
    FEEDBACK_ROWS,
    PERFUME_ROWS,
    SESSION_ROWS,
    SUBJECTS,
    Subject,
)
from ops.audit.workspace import Workspace
from schemas.reasons import Stage
from schemas.topics import DEAD_LETTER, INTERACTIONS, PERFUME_ACTIVITY, Namespace
from wire.codec import Decoder, SchemaSource
from wire.errors import Undecodable

Touched = tuple[str, str]
"""A subject's name and a row's key."""

STORE_REFUSED: Final = "INSERT INTO refused_records VALUES (%s, %s) ON CONFLICT DO NOTHING"
STORE_LETTER: Final = "INSERT INTO open_letters VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
BY_REASON: Final = "SELECT reason, count(DISTINCT (subject, key)) FROM open_letters GROUP BY 1 ORDER BY 1"


class Letters:
    """Keeps `refused_records` and `open_letters` in the workspace at what the dead-letter topic says."""

    def __init__(
        self, reader: TopicReader, schemas: SchemaSource, namespace: Namespace, space: Workspace
    ) -> None:
        self._reader = reader
        self._space = space
        self._letter = Decoder(str(DEAD_LETTER.value), schemas)
        self._interactions = namespace.topic(INTERACTIONS)
        self._activity = namespace.topic(PERFUME_ACTIVITY)
        self._interaction_decoder = Decoder(str(INTERACTIONS.value), schemas)
        self._activity_decoder = Decoder(str(PERFUME_ACTIVITY.value), schemas)
        self._public = {namespace.topic(subject.topic): subject for subject in SUBJECTS}
        self._seen: set[tuple[Any, ...]] = set()
        self.by_reason: Counter[str] = Counter()

    def catch_up(self) -> None:
        """Read on to the end. Raises CannotAudit, or wire.errors.RegistryUnavailable."""
        records = self._reader.read(DEAD_LETTER)
        while batch := list(islice(records, BATCH)):
            letters = [(self._letter.decode(record.value()), record.key()) for record in batch]
            behind = [pair for pair in letters if pair[0]["stage"] != Stage.GATEWAY]
            refused = [_source(letter) for letter, _key in behind if self._leaves_out(letter)]
            self._space.insert(STORE_REFUSED, refused)
            self._space.insert(STORE_LETTER, [row for pair in behind for row in self._excuses(*pair)])

    def _leaves_out(self, letter: Mapping[str, Any]) -> bool:
        return (letter["stage"], letter["source_topic"]) == (Stage.SESSION_AGENT, self._interactions)

    def _excuses(self, letter: Mapping[str, Any], key: Any) -> Iterator[tuple[str, str, str]]:
        source = (letter["stage"], letter["source_topic"], *_source(letter))
        if source not in self._seen:
            self._seen.add(source)
            self.by_reason[letter["reason"]] += 1
        for subject, row_key in self._touched(letter, key):
            yield subject, row_key.replace("\0", "\ufffd"), f"{letter['reason']} at {letter['stage']}"

    def _touched(self, letter: Mapping[str, Any], key: Any) -> list[Touched]:
        named = (key or b"").decode(errors="replace")
        topic = letter["source_topic"]
        if topic in self._public:
            return [(self._public[topic].name, named)]
        try:
            if topic == self._interactions:
                return rows_of_interaction(self._interaction_decoder.decode(letter["payload"]))
            if topic == self._activity:
                return rows_of_activity(self._activity_decoder.decode(letter["payload"]))
        except Undecodable:
            subject: Subject = SESSION_ROWS if topic == self._interactions else PERFUME_ROWS
            return [(subject.name, named)]
        return []


def rows_of_interaction(event: Mapping[str, Any]) -> list[Touched]:
    """Rows that depend on an Interaction: too many rather than too few, since its data may be at fault."""
    data = _event_data(event["event_data"])
    shown, target, told = data.get("shown"), data.get("targetPerfumeId"), data.get("recommendationId")
    perfumes = [event["perfume_id"], target, *(shown if isinstance(shown, list) else [])]
    viewer = _viewer(event)
    rows = [(SESSION_ROWS.name, str(event["session_id"]))]
    for perfume in dict.fromkeys(name for name in perfumes if isinstance(name, str)):
        rows += _rows_of_perfume(perfume, viewer, told if isinstance(told, str) else None)
    return rows


def rows_of_activity(activity: Mapping[str, Any]) -> list[Touched]:
    """Rows that depend on a PerfumeActivity."""
    return _rows_of_perfume(activity["perfume_id"], activity["viewer"], activity["recommendation_id"])


def _rows_of_perfume(perfume: str, viewer: str, recommendation: str | None) -> list[Touched]:
    rows = [(PERFUME_ROWS.name, perfume), (AFFINITY_ROWS.name, _key(perfume, viewer))]
    if recommendation:
        rows.append((FEEDBACK_ROWS.name, _key(recommendation, viewer, perfume)))
    return rows


def _viewer(event: Mapping[str, Any]) -> str:
    for tag, name in (("u", "user_id"), ("v", "visitor_id")):
        if event[name] is not None:
            return f"{tag}:{event[name]}"
    return f"s:{event['session_id']}"


def _event_data(text: str | None) -> dict[str, Any]:
    try:
        data = json.loads(text or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _key(*parts: str) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _source(letter: Mapping[str, Any]) -> tuple[int, int]:
    return letter["source_partition"], letter["source_offset"]
