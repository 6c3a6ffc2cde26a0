"""When to look at which row again, without looking at all of them."""

import heapq
from collections.abc import Iterator


class Agenda:
    """One appointment a key, in epoch milliseconds; an earlier one replaces a later one.

    `appointments`: those there are already, by key. The dict becomes the agenda's own.
    """

    def __init__(self, appointments: dict[str, int] | None = None) -> None:
        self._at = {} if appointments is None else appointments
        self._heap = list(zip(self._at.values(), self._at, strict=True))
        heapq.heapify(self._heap)

    def schedule(self, key: str, at: int) -> None:
        """Look at the key at that time, unless it is looked at before anyway."""
        known = self._at.get(key)
        if known is None or at < known:
            self._at[key] = at
            heapq.heappush(self._heap, (at, key))

    def due(self, now: int, most: int) -> Iterator[str]:
        """Up to `most` keys whose time has come, each taken off the agenda."""
        while most > 0 and self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            if self._at.get(key) == at:  # otherwise an earlier appointment replaced this one
                del self._at[key]
                most -= 1
                yield key
