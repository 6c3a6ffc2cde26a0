"""What an audit found: plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ops.audit.scope import Keys
from ops.audit.subjects import SESSION_ROWS, Place

Compared = tuple[str, Place]
"""A subject's name and a place: one comparison."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of one row that is not what the raw events amount to.

    field "row": there is a row too many or too few. reasons: why open dead letters excuse it; empty: nothing
    does. narrowed_by: the session or perfume id by which the row can be looked at again.
    """

    subject: str
    place: Place
    key: str
    field: str
    expected: Any
    found: Any
    reasons: tuple[str, ...] = ()
    narrowed_by: str = ""

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        told = {
            "subject": self.subject,
            "place": self.place.value,
            "key": self.key,
            "field": self.field,
            "expected": self.expected,
            "found": self.found,
        }
        return told | {"reasons": list(self.reasons)} if self.reasons else told


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row that open dead letters concern, whether or not it agrees. reasons: of the letters."""

    subject: str
    key: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One subject in one place. Counts are rows; `findings` may be the first ones only: see `complete`."""

    checked: int = 0
    differing: int = 0
    excused: int = 0
    findings: tuple[Finding, ...] = ()
    complete: bool = True

    def only(self, keys: frozenset[str]) -> "Comparison":
        """This comparison, of rows with these keys."""
        left = tuple(finding for finding in self.findings if finding.key in keys)
        return Comparison(
            checked=self.checked,
            differing=len({finding.key for finding in left if not finding.reasons}),
            excused=len({finding.key for finding in left if finding.reasons}),
            findings=left,
            complete=self.complete,
        )

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the findings."""
        return frozenset(finding.key for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Cut:
    """Up to where the raw rows went, in events. `not_stored_yet`: records that the sink has still to read."""

    moment: str = ""
    raw_rows: int = 0
    bots: int = 0
    refused: int = 0
    not_stored_yet: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """One look at all subjects and places, or several of them put together."""

    cut: Cut
    comparisons: Mapping[Compared, Comparison]
    letters: Mapping[str, int] = field(default_factory=dict)
    """Open dead letters, by reason."""
    unfounded: Mapping[str, int] = field(default_factory=dict)
    """Stored events that the session agent refused, and that count by the raw events; by reason."""
    open_count: int = 0
    open_rows: tuple[OpenRow, ...] = ()
    """Rows that open dead letters concern: how many, and the first of them."""

    @property
    def differing(self) -> int:
        """Rows that differ and are not excused, over all places."""
        return sum(comparison.differing for comparison in self.comparisons.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all comparisons."""
        return tuple(finding for part in self.comparisons.values() for finding in part.findings)

    @property
    def complete(self) -> bool:
        """Whether every difference is among the findings."""
        return all(comparison.complete for comparison in self.comparisons.values())

    def remaining(self) -> Keys:
        """What to look at again: the rows that differed. Meaningful where the result is complete."""
        return Keys(
            sessions=_narrowing(found for found in self.findings if found.subject == SESSION_ROWS.name),
            perfumes=_narrowing(found for found in self.findings if found.subject != SESSION_ROWS.name),
        )

    def after(self, again: "Result") -> "Result":
        """Together with another look at what remained: a row that agreed once is no difference.

        `again` saw all rows of the perfumes concerned, so only those that differed before are taken from it.
        """
        return Result(
            cut=self.cut,
            comparisons={
                place: replace(again.comparisons[place].only(before.keys), checked=before.checked)
                for place, before in self.comparisons.items()
            },
            letters=again.letters,
            unfounded=again.unfounded,
            open_count=self.open_count,
            open_rows=self.open_rows,
        )

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        subjects = list(dict.fromkeys(subject for subject, _place in self.comparisons))
        return {
            "agrees": self.differing == 0,
            "cut": asdict(self.cut),
            "subjects": {name: self._counts(name) for name in subjects},
            "differences": [found.as_object() for found in self.findings if not found.reasons],
            "excused": [found.as_object() for found in self.findings if found.reasons],
            "dead_letters": dict(self.letters),
            "unfounded_refusals": dict(self.unfounded),
            "open_rows": self.open_count,
            "open": [asdict(row) for row in self.open_rows],
        }

    def _counts(self, subject: str) -> dict[str, int]:
        here = {place: self.comparisons[subject, place] for place in Place}
        return {
            "checked": max(comparison.checked for comparison in here.values()),
            **{f"differences_{place.value}": comparison.differing for place, comparison in here.items()},
            "excused": max(comparison.excused for comparison in here.values()),
        }


def _narrowing(findings: Iterable[Finding]) -> frozenset[str]:
    return frozenset(finding.narrowed_by for finding in findings if finding.narrowed_by)
