"""Identifiers the gateway makes."""

import secrets
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def uuid7(now_ms: int) -> str:
    """A UUID that sorts by time: 48 bits of epoch milliseconds, 74 of chance (RFC 9562, section 5.7)."""
    chance = secrets.randbits(74)
    high, low = chance >> 62, chance & ((1 << 62) - 1)
    return str(UUID(int=(now_ms & (1 << 48) - 1) << 80 | _VERSION_7 | high << 64 | _VARIANT | low))
