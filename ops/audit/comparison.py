"""Recomputed rows against found ones: which keys differ, in which figures, and what excuses it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ops.audit.result import Comparison, Finding
from ops.audit.subjects import Place, Subject
from ops.audit.workspace import Workspace

LISTED: Final = 10_000
"""So many differing rows are told one by one; of more, the number."""

JOINED: Final = """
CREATE TEMPORARY TABLE differing AS
WITH e AS NOT MATERIALIZED (
    SELECT *, true AS there FROM expected_{name} WHERE {scope}
), f AS NOT MATERIALIZED (
    SELECT {found}, true AS there FROM {place} WHERE {scope}
), pair AS (
    SELECT {key_text} AS key, {narrowed_by} AS narrowed_by, {there} AS there, {fields} AS fields
    FROM e FULL JOIN f USING ({key})
    WHERE e.there IS NULL OR (f.there IS NULL AND NOT ({may_be_gone})) OR f.there AND ({conditions})
)
SELECT pair.*, letter.reasons
FROM pair LEFT JOIN (
    SELECT key, array_agg(reason ORDER BY reason) AS reasons
    FROM open_letters WHERE '{named_place}' = ANY (excuses) AND subject = '{name}' GROUP BY key
) AS letter USING (key)
"""

CHECKED: Final = """
SELECT count(*) FROM (SELECT {key} FROM expected_{name} WHERE {scope}
                      UNION SELECT {key} FROM {place} WHERE {scope}) AS row
"""
COUNTS: Final = "SELECT count(*) FILTER (WHERE reasons IS NULL), count(reasons) FROM differing"
DETAILS: Final = f"""
SELECT key, narrowed_by, there, fields, reasons FROM differing
ORDER BY reasons IS NOT NULL, key LIMIT {LISTED}
"""


def compare(space: Workspace, subject: Subject, place: Place) -> Comparison:
    """Compare the subject's rows within the scope with those in a place.

    The workspace must have recomputed them, and read the topic.
    """
    words = _words(space, subject, place)
    space.run("DROP TABLE IF EXISTS differing")
    space.run(JOINED.format_map(words))
    checked = _one_row(space, CHECKED.format_map(words))[0]
    differing, excused = _one_row(space, COUNTS)
    rows = space.run(DETAILS).fetchall()
    return Comparison(
        checked=checked,
        differing=differing,
        excused=excused,
        findings=tuple(found for row in rows for found in _findings(subject, place, *row)),
        complete=differing + excused <= LISTED,
    )


def with_unreadable(comparison: Comparison, unreadable: Iterable[Finding]) -> Comparison:
    """The comparison, and records that are no row at all."""
    more = tuple(unreadable)
    known = {finding.key for finding in comparison.findings if not finding.reasons}
    return Comparison(
        checked=comparison.checked,
        differing=comparison.differing + len({finding.key for finding in more} - known),
        excused=comparison.excused,
        findings=comparison.findings + more,
        complete=comparison.complete,
    )


def _words(space: Workspace, subject: Subject, place: Place) -> Mapping[str, str]:
    return {
        "name": subject.name,
        "named_place": place.value,
        "scope": space.within_scope(subject),
        "place": f"published_{subject.name}" if place is Place.TOPIC else subject.table,
        "found": ", ".join(_column(subject, name, place) for name in subject.columns),
        "key": ", ".join(subject.key),
        "key_text": key_text(subject.key),
        "narrowed_by": subject.narrowed_by,
        "there": "CASE WHEN e.there IS NULL THEN 'found' WHEN f.there IS NULL THEN 'expected' END",
        "may_be_gone": subject.may_be_gone if place is Place.TOPIC else "false",
        "conditions": " OR ".join(f"({figure.condition})" for figure in subject.figures),
        "fields": _fields(subject),
    }


def key_text(key: tuple[str, ...]) -> str:
    """SQL: the key as Kafka has it: the id, or a compact JSON array of the ids."""
    if len(key) == 1:
        return key[0]
    return "'[' || " + " || ',' || ".join(f"to_json({name})::text" for name in key) + " || ']'"


def _column(subject: Subject, name: str, place: Place) -> str:
    is_time = any(figure.name == name and figure.is_time for figure in subject.figures)
    if is_time and place is Place.POSTGRESQL:
        return f"(extract(epoch FROM {name}) * 1000)::bigint AS {name}"
    return name


def _fields(subject: Subject) -> str:
    """SQL: the figures that differ, as a JSON array; null where one of the rows is missing."""
    values = ", ".join(
        f"('{figure.name}', {figure.condition}, to_jsonb({figure.wanted}), to_jsonb(f.{figure.name}))"
        for figure in subject.figures
    )
    return (
        "CASE WHEN e.there AND f.there THEN (SELECT jsonb_agg(jsonb_build_array(name, expected, found))"
        f" FROM (VALUES {values}) AS figure (name, differs, expected, found) WHERE differs) END"
    )


def _findings(
    subject: Subject,
    place: Place,
    key: str,
    narrowed_by: str,
    there: str | None,
    fields: list[list[Any]] | None,
    reasons: list[str] | None,
) -> Iterable[Finding]:
    missing: list[list[Any]] = [["row", there == "expected", there == "found"]]
    for name, expected, found in missing if there else fields or []:
        yield Finding(subject.name, place, key, name, expected, found, tuple(reasons or ()), narrowed_by)


def _one_row(space: Workspace, query: str) -> tuple[int, ...]:
    row = space.run(query).fetchone()
    if row is None:
        raise LookupError("a count gave no row")
    return row
