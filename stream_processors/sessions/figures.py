"""A session row as the figures the world sees: the value of the `sessions` topic and of a live read."""

from collections.abc import Sequence
from typing import Any

from schemas import limits
from schemas.avro_binary import written_texts
from stream_processors.sessions.event import MOMENT_BYTES, time_of
from stream_processors.sessions.row import SessionRow, Told, perfume_of


def figures(session_id: str, row: SessionRow, generation: int) -> dict[str, Any]:
    """The Session record (schemas/avro/session.avsc) of a row with at least one event; times in epoch ms.

    Raises ValueError for a row without events: it has no beginning and no end to speak of.
    """
    return _figures(session_id, row, generation, [perfume_of(one) for one in _listed(row)])


def published(session_id: str, row: SessionRow, generation: int) -> dict[str, Any]:
    """The same for the encoder, which is given the list of perfumes as it is to be written."""
    written = [one[MOMENT_BYTES:] for one in _listed(row)]  # each begins with a moment
    return _figures(session_id, row, generation, written_texts(written))


def _listed(row: SessionRow) -> list[bytes]:
    return row.appearances[-limits.SESSION_PERFUME_IDS :]


def _figures(session_id: str, row: SessionRow, generation: int, perfume_ids: Sequence[str]) -> dict[str, Any]:
    if row.first is None or row.last is None:
        raise ValueError(f"session {session_id} has no events yet")
    first, entry_page, device_type, browser, operating_system = row.first
    last, exit_page = row.last
    started_at, ended_at = time_of(first), time_of(last)
    return {
        "session_id": session_id,
        "generation": generation,
        "revision": 2 * row.events + row.closed,
        "user_id": _text(row.user_id),
        "visitor_id": _text(row.visitor_id),
        "started_at": started_at,
        "ended_at": ended_at,
        "duration": (ended_at - started_at) // 1000,
        "closed": row.closed,
        "events": row.events,
        "page_views": row.page_views,
        "perfumes_viewed": len(row.perfumes),
        "perfume_ids": perfume_ids,
        "interactions": row.interactions,
        "searches": row.searches,
        "added_to_wishlist": row.added_to_wishlist,
        "added_to_collection": row.added_to_collection,
        "completed_rating": row.completed_rating,
        "completed_review": row.completed_review,
        "bounced": row.view_path is not None and not row.more_view_paths and row.interactions == 0,
        "entry_page": entry_page,
        "exit_page": exit_page,
        "referrer": _text(row.referrer),
        "device_type": device_type,
        "browser": browser,
        "os": operating_system,
    }


def _text(told: Told | None) -> str | None:
    return None if told is None else told[1]
