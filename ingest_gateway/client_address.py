"""Where a request comes from, for rate limits only: an address is neither stored nor logged.

A peer that is no configured proxy speaks for itself. Behind configured proxies the address is the rightmost
one of the forwarding header that is no proxy of ours: what stands left of it, the sender may have made up.
Only the header named by configuration is read, because a proxy passes on the others as it got them.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Literal

from ingest_gateway.request import Request

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
ForwardingHeader = Literal["x-forwarded-for", "forwarded"]

UNKNOWN: Final = b""
"""The network of a peer without an address, such as one on a Unix socket."""
_IPV6_PREFIX_BYTES: Final = 8
_HOPS: Final = 32
"""So many entries are looked at; nobody has more proxies of their own."""
_FOR: Final = re.compile(r'(?:^|;)\s*for\s*=\s*"?([^";]*)"?', re.IGNORECASE)
"""The `for` of one element of Forwarded (RFC 7239, section 4)."""


class ClientAddresses:
    """Tells clients apart. `proxies`: the networks of the proxies whose word is believed."""

    def __init__(self, proxies: Sequence[Network] = (), header: ForwardingHeader = "x-forwarded-for") -> None:
        self._proxies = proxies
        self._header = header.encode()

    def network(self, request: Request) -> bytes:
        """The client's IPv4 address, or the /64 that an IPv6 client has to itself, as bytes."""
        address = None if request.peer is None else _parsed(request.peer)
        if address is None:
            return UNKNOWN
        if self._proxies and self._is_proxy(address):
            address = self._behind(address, request)
        return address.packed if address.version == 4 else address.packed[:_IPV6_PREFIX_BYTES]

    def _behind(self, proxy: Address, request: Request) -> Address:
        entries = ",".join(request.all(self._header)).split(",")
        nearest = proxy
        for entry in reversed(entries[-_HOPS:]):
            address = _parsed(self._stated(entry))
            if address is None:
                break  # "unknown", an obfuscated name, rubbish: what stands left of it is worth no more
            nearest = address
            if not self._is_proxy(address):
                break
        return nearest

    def _stated(self, entry: str) -> str:
        if self._header == b"x-forwarded-for":
            return entry
        found = _FOR.search(entry)
        return found[1] if found else ""

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> Address | None:
    """An address, perhaps with a port, perhaps in brackets; None for anything else."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
