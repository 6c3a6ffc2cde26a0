"""How one event changes a perfume's row: `apply(row, event, before, after)`. No clock, no I/O, any order.

Each event is applied once: the session agent forwards an event in the transaction that counts it.
"""

from stream_processors.perfumes import windows
from stream_processors.perfumes.affinity import Standing
from stream_processors.perfumes.event import PerfumeEvent
from stream_processors.perfumes.row import COUNTED_AS, PerfumeRow
from stream_processors.perfumes.windows import DAY_MS, HOUR_MS, TRENDING_HOURS, VIEW_DAYS


def apply(row: PerfumeRow, event: PerfumeEvent, before: Standing, after: Standing) -> None:
    """Fold the event into the row, in place.

    `before` and `after` are how its viewer stands to the perfume without and with the event.
    """
    row.events += 1
    newest = _advance(row, event.moment.at)
    figure = COUNTED_AS.get(event.event_type)
    if figure is not None:
        row.counts[figure] = row.counts.get(figure, 0) + 1
    weight = windows.WEIGHTS.get(event.event_type)
    if weight is not None:
        hour = event.moment.at // HOUR_MS
        windows.add(row.hours, hour, weight, newest // HOUR_MS, TRENDING_HOURS)
    if event.event_type == "PERFUME_VIEW":
        _fold_view(row, event, newest)
    if event.view_duration is not None:
        row.view_ms += event.view_duration
        row.timed_views += event.view_segment == 1
    if before != after:
        _fold_standing(row, before, after)


def _advance(row: PerfumeRow, at: int) -> int:
    """The newest event's time with this one; its buckets leave what it leaves behind."""
    newest = row.as_of
    if newest is not None and at <= newest:
        return newest
    row.as_of = at
    if newest is not None and at // HOUR_MS != newest // HOUR_MS:
        windows.prune(row.hours, at // HOUR_MS, TRENDING_HOURS)
        windows.prune(row.days, at // DAY_MS, VIEW_DAYS)
    return at


def _fold_view(row: PerfumeRow, event: PerfumeEvent, newest: int) -> None:
    at = event.moment.at
    row.viewers.add(event.viewer)
    row.last_viewed_at = at if row.last_viewed_at is None else max(row.last_viewed_at, at)
    windows.add(row.days, at // DAY_MS, 1, newest // DAY_MS, VIEW_DAYS)


def _fold_standing(row: PerfumeRow, before: Standing, after: Standing) -> None:
    row.in_wishlists += after.in_wishlist - before.in_wishlist
    row.in_collections += after.in_collection - before.in_collection
    row.raters += after.rated - before.rated
    row.rating_values += (after.rating is not None) - (before.rating is not None)
    row.rating_sum += (after.rating or 0) - (before.rating or 0)
