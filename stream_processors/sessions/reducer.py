"""How one event changes a session: `apply(row, event)`. No clock, no I/O, any order, any repetition."""

from bisect import bisect_left, insort
from enum import StrEnum

from schemas import limits
from stream_processors.sessions.event import Moment, SessionEvent
from stream_processors.sessions.row import SessionRow, Told, appearance


class SessionOverflow(Exception):
    """The session already counts as many events as one may."""


class Effect(StrEnum):
    """What applying an event did."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"


def apply(row: SessionRow, event: SessionEvent) -> Effect:
    """Fold the event into the row, in place, unless the row has it already.

    Raises SessionOverflow, with the row untouched.
    """
    if event.identity in row.seen:
        return Effect.DUPLICATE
    if row.events >= limits.SESSION_EVENTS:
        raise SessionOverflow(f"the session has {row.events} events, the most one may have")
    row.seen.add(event.identity)
    row.identities += event.identity
    row.events += 1
    row.last_received = max(row.last_received, event.received_at)
    row.closed = False
    _fold_edges(row, event)
    _fold_identity(row, event)
    _fold_counts(row, event)
    _fold_flags(row, event)
    return Effect.APPLIED


def _fold_edges(row: SessionRow, event: SessionEvent) -> None:
    moment = event.moment
    if row.first is None or moment < row.first[0]:
        row.first = (moment, event.path, event.device_type, event.browser, event.os)
    if row.last is None or moment > row.last[0]:
        row.last = (moment, event.path)


def _fold_identity(row: SessionRow, event: SessionEvent) -> None:
    row.referrer = _earliest(row.referrer, event, event.referrer)
    row.user_id = _earliest(row.user_id, event, event.user_id)
    row.visitor_id = _earliest(row.visitor_id, event, event.visitor_id)


def _earliest(known: Told | None, event: SessionEvent, text: str | None) -> Told | None:
    if text is None or (known is not None and known[0] < event.moment):
        return known
    return event.moment, text


def _fold_counts(row: SessionRow, event: SessionEvent) -> None:
    if event.is_view:
        row.page_views += 1
        if row.view_path is None:
            row.view_path = event.path
        elif row.view_path != event.path:
            row.more_view_paths = True
    if event.is_interaction:
        row.interactions += 1
    if event.event_type == "SEARCH_PERFORMED":
        row.searches += 1
    if event.perfume_id is not None:
        _fold_perfume(row, event.perfume_id, event.moment)


def _fold_perfume(row: SessionRow, perfume_id: str, moment: Moment) -> None:
    known = row.perfumes.get(perfume_id)
    if known is not None:
        if known <= moment:
            return
        del row.appearances[bisect_left(row.appearances, appearance(known, perfume_id))]
    row.perfumes[perfume_id] = moment
    insort(row.appearances, appearance(moment, perfume_id))


def _fold_flags(row: SessionRow, event: SessionEvent) -> None:
    match event.event_type:
        case "WISHLIST_ADD":
            row.added_to_wishlist = True
        case "COLLECTION_ADD":
            row.added_to_collection = True
        case "RATING_COMPLETED":
            row.completed_rating = True
        case "REVIEW_SUBMITTED":
            row.completed_review = True
