"""How many requests one key, or one client address, may send. Limits are those of one process.

A request costs what its body does: an ordinary one counts once, a large one as many.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import ceil
from typing import Final

from ingest_gateway.client_address import ClientAddresses
from ingest_gateway.errors import RateLimited
from ingest_gateway.request import Request

REMEMBERED: Final = 50_000
"""Callers whose recent requests are remembered; of more, the ones not heard of for longest begin anew."""

ORDINARY_BYTES: Final = 8 * 1024
BYTES_A_REQUEST: Final = 1_024
"""A body counts as one request up to the first, decoded, and as one more for each of the second beyond it."""

_ROUNDING_S: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, and so many more at once (a token bucket's refill and size)."""

    per_second: float
    burst: int


class Buckets:
    """A token bucket for each caller. `now`: a clock in seconds that never goes back.

    A bucket is kept as the one moment at which it will be full again (the generic cell rate algorithm), so a
    full one and an unknown one are the same, and forgetting a caller harms nobody.
    """

    def __init__(self, rate: Rate, now: Callable[[], float], remembered: int = REMEMBERED) -> None:
        self._step = 1 / rate.per_second
        self._burst = rate.burst
        self._depth = rate.burst / rate.per_second
        self._now = now
        self._remembered = remembered
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, caller: Hashable, tokens: int = 1) -> float:
        """Take tokens, or none. Seconds until there are so many: 0 where they were taken now.

        More than the bucket holds are taken from a full one, so that nobody waits for ever.
        """
        now = self._now()
        full_at = max(self._full_at.get(caller, now), now) + self._step * min(tokens, self._burst)
        wait = full_at - now - self._depth
        if wait > _ROUNDING_S:
            return wait
        self._full_at[caller] = full_at
        self._full_at.move_to_end(caller)
        if len(self._full_at) > self._remembered:
            self._full_at.popitem(last=False)
        return 0.0


class RateLimits:
    """The limits of one process. None of `addresses` or `keys`: no limit there."""

    def __init__(
        self,
        clients: ClientAddresses,
        addresses: Buckets | None = None,
        keys: Buckets | None = None,
    ) -> None:
        self._clients = clients
        self._addresses = addresses
        self._keys = keys

    def check_client(self, request: Request, requests: int = 1) -> None:
        """Count a request of its client's address, as so many. Raises RateLimited."""
        if self._addresses is not None:
            _check(self._addresses.take(self._clients.network(request), requests), "address")

    def check_key(self, key: str, requests: int = 1) -> None:
        """Count a request with this key, as so many. Raises RateLimited."""
        if self._keys is not None:
            _check(self._keys.take(key, requests), "key")


def further_requests(body_bytes: int) -> int:
    """How many requests a decoded body counts as, beside the one it is."""
    return max(0, ceil((body_bytes - ORDINARY_BYTES) / BYTES_A_REQUEST))


def _check(wait_s: float, whose: str) -> None:
    if wait_s:
        raise RateLimited(
            f"this {whose} sends more requests than its limit: wait, then send again", ceil(wait_s)
        )
