"""Hypothesis strategies for Interactions about few perfumes, at times that straddle the windows' edges."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from schemas.catalogue import CATALOGUE
from stream_processors.perfumes.windows import DAY_MS, HOUR_MS
from tests.unit.streams.events import EVENT_IDS, interaction

PERFUMES = ("p-1", "p-2", 'p "3" é')
SESSIONS = ("s-1", "s-2", "s-3")
NOW = 20_000 * DAY_MS + 11 * HOUR_MS
AGES = (
    *(0, 1, HOUR_MS, DAY_MS),
    *(6 * DAY_MS, 7 * DAY_MS, 12 * DAY_MS),
    *(14 * DAY_MS - HOUR_MS, 14 * DAY_MS, 29 * DAY_MS, 30 * DAY_MS, 45 * DAY_MS),
)


MAY_LACK_PERFUME = {name for name, row in CATALOGUE.items() if "perfumeId" not in row.requires} - {
    "VIEW_ENDED"
}
DENSE = set(CATALOGUE) - MAY_LACK_PERFUME | {
    "SEARCH_PERFORMED",
    "TRADE_INQUIRY",
    "TRADE_ACCEPTED",
    "PAGE_VIEW",
}
"""The types that may concern a perfume, and one that mostly does not."""
VIEWS = {"PERFUME_VIEW", "VIEW_ENDED"}
RECOMMENDATIONS = {
    "RECOMMENDATION_SHOWN",
    "RECOMMENDATION_CLICKED",
    "RECOMMENDATION_RATED",
    "SIMILAR_CLICKED",
}


def of_perfume(event_type: str = "PERFUME_VIEW", data: Mapping[str, Any] | None = None, **fields: Any) -> Any:
    """One Interaction about p-1, at NOW unless said otherwise."""
    return interaction(
        **{
            "event_type": event_type,
            "event_category": CATALOGUE[event_type].category.value,
            "event_data": None if data is None else json.dumps(data),
            "occurred_at": NOW,
            "received_at": NOW,
            "perfume_id": "p-1",
            "duration": None,
            "value": None,
        }
        | fields
    )


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


_IDS = _maybe(st.sampled_from(["r-1", "r-2", ""]))
_PERFUME = st.sampled_from(PERFUMES)
_SHOWN = {"shown": _maybe(st.lists(_PERFUME, unique=True))}
_RECOMMENDED = {"recommendationId": _IDS, "source": _maybe(st.sampled_from(["search", "direct"]))}
_RECOMMENDATION = {
    "recommendationId": st.sampled_from(["r-1", "r-2"]),
    "source": _maybe(st.sampled_from(["homepage", "email"])),
    "algorithm": _maybe(st.sampled_from(["notes", "friends"])),
    "position": _maybe(st.integers(0, 3)),
    "thumbs": _maybe(st.sampled_from(["up", "down"])),
}
_DATA: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "SEARCH_PERFORMED": _SHOWN,
    "VIEW_ENDED": {
        "viewType": st.sampled_from(["PERFUME_VIEW", "PAGE_VIEW"]),
        "segment": st.integers(1, 3),
    },
    "SIMILAR_CLICKED": {"recommendationId": _IDS, "targetPerfumeId": _maybe(_PERFUME)},
    **{f"RECOMMENDATION_{act}": _RECOMMENDATION for act in ("SHOWN", "CLICKED", "RATED", "HIDDEN")},
}


@st.composite
def perfume_interactions(draw: st.DrawFn, types: Iterable[str] = DENSE) -> dict[str, Any]:
    """Any Interaction of these types that the gateway may let through, about few perfumes by few viewers."""
    event_type = draw(st.sampled_from(sorted(types)))
    rating = draw(_maybe(st.floats(1, 5))) if event_type in ("RATING_COMPLETED", "RATING_UPDATED") else None
    event: dict[str, Any] = of_perfume(
        event_type,
        draw(st.fixed_dictionaries(dict(_DATA.get(event_type, _RECOMMENDED)))),
        event_id=draw(st.sampled_from(EVENT_IDS)),
        session_id=draw(st.sampled_from(SESSIONS)),
        user_id=draw(_maybe(st.just("a"))),
        visitor_id=draw(_maybe(st.sampled_from("ab"))),
        occurred_at=NOW - draw(st.sampled_from(AGES)),
        perfume_id=draw(_maybe(_PERFUME) if event_type in MAY_LACK_PERFUME else _PERFUME),
        duration=draw(_maybe(st.integers(0, 9_999))),
        value=rating,
        is_bot=draw(st.integers(0, 9)) == 0,
    )
    return event
