"""Which rows a record concerns: too many rather than too few, since its data may be at fault."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from ops.audit.subjects import AFFINITY_ROWS, FEEDBACK_ROWS, PERFUME_ROWS, SESSION_ROWS, Subject


class Concerned(NamedTuple):
    """A row: its subject's name, its key, and the session or perfume id by which an audit is narrowed."""

    subject: str
    key: str
    narrowed_by: str


def concerned_by_interaction(event: Mapping[str, Any]) -> list[Concerned]:
    """Rows that depend on an Interaction."""
    data = _event_data(event["event_data"])
    shown, target, told = data.get("shown"), data.get("targetPerfumeId"), data.get("recommendationId")
    perfumes = [event["perfume_id"], target, *(shown if isinstance(shown, list) else [])]
    viewer, session = _viewer(event), str(event["session_id"])
    rows = [Concerned(SESSION_ROWS.name, session, session)]
    for perfume in dict.fromkeys(name for name in perfumes if isinstance(name, str)):
        rows += _of_perfume(perfume, viewer, told if isinstance(told, str) else None)
    return rows


def concerned_by_activity(activity: Mapping[str, Any]) -> list[Concerned]:
    """Rows that depend on a PerfumeActivity."""
    return _of_perfume(activity["perfume_id"], activity["viewer"], activity["recommendation_id"])


def row_named(subject: Subject, key: str) -> Concerned:
    """The row with this Kafka key."""
    if len(subject.key) == 1:
        return Concerned(subject.name, key, key)
    try:
        narrowed_by = json.loads(key)[subject.key.index(subject.narrowed_by)]
    except (ValueError, LookupError, TypeError):
        narrowed_by = key
    return Concerned(subject.name, key, str(narrowed_by))


def _of_perfume(perfume: str, viewer: str, recommendation: str | None) -> list[Concerned]:
    rows = [
        Concerned(PERFUME_ROWS.name, perfume, perfume),
        Concerned(AFFINITY_ROWS.name, _key(perfume, viewer), perfume),
    ]
    if recommendation:
        rows.append(Concerned(FEEDBACK_ROWS.name, _key(recommendation, viewer, perfume), perfume))
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
