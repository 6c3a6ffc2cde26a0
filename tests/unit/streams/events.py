"""Hypothesis strategies for Interactions: few ids and times, so that ties, repeats and overlaps happen."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from schemas.catalogue import CATALOGUE

SESSION = "s-1"
EVENT_IDS = [str(UUID(int=number << 64, version=4)) for number in range(14)]
UUID_CHARS = 36


def interaction(**fields: Any) -> dict[str, Any]:
    """An Interaction with everything that has no bearing on a session left at its default.

    A short name given as its event id stands for a UUID; names sort as their UUIDs do.
    """
    if len(name := fields.get("event_id", "")) not in (0, UUID_CHARS):
        fields["event_id"] = str(UUID(bytes=name.encode().ljust(16, b"\0")))
    return {
        "event_id": EVENT_IDS[0],
        "event_type": "PAGE_VIEW",
        "event_category": "VIEW",
        "occurred_at": 1_000,
        "received_at": 1_000,
        "path": "/",
        "session_id": SESSION,
        "perfume_id": None,
        "user_id": None,
        "visitor_id": None,
        "referrer": None,
        "device_type": "unknown",
        "browser": "unknown",
        "os": "unknown",
        "is_bot": False,
    } | fields


@st.composite
def interactions(draw: st.DrawFn, sessions: tuple[str, ...] = (SESSION,)) -> dict[str, Any]:
    """Any Interaction of these sessions."""
    event_type = draw(st.sampled_from(sorted(CATALOGUE)))
    optional = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
    return interaction(
        event_id=draw(st.sampled_from(EVENT_IDS)),
        event_type=event_type,
        event_category=CATALOGUE[event_type].category.value,
        occurred_at=draw(st.integers(0, 5)) * 1_000,
        received_at=draw(st.integers(0, 5)) * 1_000,
        session_id=draw(st.sampled_from(sessions)),
        path=draw(st.sampled_from(["/", "/a", "/b"])),
        perfume_id=draw(optional),
        user_id=draw(optional),
        visitor_id=draw(optional),
        referrer=draw(optional),
        device_type=draw(st.sampled_from(["desktop", "mobile"])),
        is_bot=draw(st.integers(0, 5)) == 0,
    )


def consistent_retries(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The log with each repeated event made a copy of its first: a retry carries the same event."""
    known: dict[tuple[str, str], dict[str, Any]] = {}
    return [known.setdefault((event["session_id"], event["event_id"]), event) for event in log]
