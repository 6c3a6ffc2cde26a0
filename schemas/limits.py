"""How large and how old things may be. A breach is a rejection with its own reason, never a silent cut.

Two exceptions, because the visitor's browser decides them and the site's front end cannot help it: the
referrer and the user agent are cut to their limit and named in the event's `truncated` list.
"""

from typing import Final

ID_CHARS: Final = 128
PATH_CHARS: Final = 2_048
REFERRER_CHARS: Final = 2_048
USER_AGENT_CHARS: Final = 2_048

EVENT_DATA_BYTES: Final = 16 * 1024
EVENT_DATA_DEPTH: Final = 8
EVENT_BYTES: Final = 32 * 1024
CONTEXT_BYTES: Final = 4 * 1024
"""A batch's context, as JSON: each of its events carries it."""
BATCH_EVENTS: Final = 500
BODY_BYTES: Final = 512 * 1024

SHOWN_PERFUMES: Final = 50
"""Perfume ids in one SEARCH_PERFORMED's `shown`."""

INT64_MAX: Final = 2**63 - 1

LATEST_TIME_MS: Final = 253_402_300_799_999
"""The end of the year 9999: PostgreSQL knows later times, its readers' languages mostly do not."""

MAX_EVENT_AGE_MS: Final = 48 * 3_600_000
"""Older than this on arrival is rejected as `too_old`; history comes in by import, not by the gateway."""

FUTURE_TOLERANCE_MS: Final = 5 * 60_000
"""A corrected time further ahead of arrival than this is clamped to the arrival."""

CLOCK_SKEW_THRESHOLD_MS: Final = 5 * 60_000
"""Below this a difference between `sentAt` and arrival is transit, not a wrong clock, and is left alone."""

SPOOL_MAX_AGE_MS: Final = 24 * 3_600_000
"""How long an accepted event may wait on a gateway's disk before Kafka takes it."""

LATE_HORIZON_MS: Final = MAX_EVENT_AGE_MS + SPOOL_MAX_AGE_MS
"""Behind the largest arrival time seen on its partition by more than this, an event is `late`."""

SESSION_EVENTS: Final = 10_000
SESSION_TIMEOUT_MS: Final = 30 * 60_000
SESSION_PERFUME_IDS: Final = 200
"""How many of a session's perfumes its published row lists (the last ones)."""
