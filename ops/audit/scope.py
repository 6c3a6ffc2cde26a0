"""Which rows an audit looks at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Everything:
    """All rows there are."""


@dataclass(frozen=True, slots=True)
class SessionsNamed:
    """Sessions whose id begins so, and the rows of the perfumes that their events concern."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Keys:
    """These sessions, and all rows (perfume, affinities, feedback) of these perfumes."""

    sessions: frozenset[str]
    perfumes: frozenset[str]


Scope = Everything | SessionsNamed | Keys
