"""What live answers have in common."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any


class Gone(Exception):
    """The session is over and no longer live: its last row is in the `sessions` topic and in PostgreSQL."""


class NotHere(Exception):
    """This worker cannot tell now: the partition is another's, or its rows are still being loaded."""


def readable(row: Mapping[str, Any], times: Iterable[str]) -> dict[str, Any]:
    """A published row with its times (epoch ms) in ISO 8601."""
    return dict(row) | {name: _iso(row[name]) for name in times}


def _iso(epoch_ms: int | None) -> str | None:
    if epoch_ms is None:
        return None
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
