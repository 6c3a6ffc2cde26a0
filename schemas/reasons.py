"""The closed list of reasons: why something was refused, dead-lettered or left out of a figure.

Shared by HTTP answers, metrics, dead letters and the documentation. A new reason is added here, with its
meaning, or it does not exist.
"""

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Machine-readable cause. `meaning` says it to a person."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> "Reason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # A whole request
    NOT_JSON = "not_json", "The body is not a JSON document."
    NOT_UTF8 = "not_utf8", "The body is not UTF-8."
    BYTE_ORDER_MARK = "byte_order_mark", "The body starts with a byte order mark: JSON has none (RFC 8259)."
    INVALID_SHAPE = (
        "invalid_shape",
        "The body is neither an event nor a list of events, or a field has the wrong type.",
    )
    MISSING_SESSION = (
        "missing_session",
        "Neither body nor cookie names the session, or the name is a placeholder.",
    )
    ALL_REJECTED = (
        "all_rejected",
        "Every event was rejected; each one's reason is in the answer.",
    )
    TOO_MANY_EVENTS = "too_many_events", "The batch holds more events than a request may carry."
    BODY_TOO_LARGE = "body_too_large", "The body, as sent or decoded, is larger than a request may be."
    INVALID_ENCODING = "invalid_encoding", "The body is not what its Content-Encoding says."
    UNSUPPORTED_ENCODING = (
        "unsupported_encoding",
        "Content-Encoding is not identity, gzip, br or zstd.",
    )
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported_media_type",
        "Content-Type is neither application/json nor text/plain.",
    )
    BAD_FRAMING = "bad_framing", "The HTTP message is framed wrongly."
    REQUEST_TIMEOUT = "request_timeout", "The request did not arrive within its deadline."
    HEAD_TOO_LARGE = "head_too_large", "The request's line and headers are larger, or more, than they may be."
    TOO_MANY_CONNECTIONS = "too_many_connections", "All connections are in use; try again."
    RATE_LIMITED = "rate_limited", "This key or address sends more than its limit."
    ORIGIN_NOT_ALLOWED = "origin_not_allowed", "The Origin is not on the allow-list."
    INVALID_KEY = "invalid_key", "The key is not one that is valid now."
    MISSING_CREDENTIALS = (
        "missing_credentials",
        "Neither an allowed Origin nor a secret key came along.",
    )
    INVALID_TOKEN = "invalid_token", "The user token is malformed, wrongly signed or names no user."
    EXPIRED_TOKEN = "expired_token", "The user token is past its expiry."
    NOT_FOUND = "not_found", "There is nothing at this address."
    METHOD_NOT_ALLOWED = "method_not_allowed", "This address does not take this method."
    UNAVAILABLE = "unavailable", "Neither Kafka nor the spool can take events now; try again."
    INTERNAL_ERROR = "internal_error", "A bug of ours; the details are in the log."

    # One event
    UNKNOWN_TYPE = "unknown_type", "The eventType is not in the catalogue."
    WRONG_CATEGORY = "wrong_category", "The eventCategory is not the one of this eventType."
    MISSING_FIELD = "missing_field", "A field this eventType requires is missing."
    INVALID_FIELD = "invalid_field", "A field has the wrong type or a value outside its range."
    INVALID_TIMESTAMP = "invalid_timestamp", "A time is neither ISO 8601 nor epoch milliseconds."
    INVALID_TEXT = "invalid_text", "A text holds a NUL character or a lone surrogate."
    NUMBER_OUT_OF_RANGE = "number_out_of_range", "A number is not finite, or outside 64 bits."
    DUPLICATE_KEY = "duplicate_key", "An object names one key twice."
    ID_TOO_LONG = "id_too_long", "An identifier is longer than it may be."
    PATH_TOO_LONG = "path_too_long", "The path is longer than it may be."
    EVENT_DATA_TOO_LARGE = "event_data_too_large", "eventData is larger than it may be."
    EVENT_DATA_TOO_DEEP = "event_data_too_deep", "eventData is nested deeper than it may be."
    EVENT_TOO_LARGE = "event_too_large", "The event is larger than it may be."
    IDENTITY_IN_BODY = "identity_in_body", "A browser's event names a user; only a verified identity does."
    TOO_OLD = "too_old", "The event is older than the gateway takes."

    # Behind the gateway
    UNDELIVERABLE = "undeliverable", "Kafka refuses the record for good, while it takes others."
    UNDECODABLE = "undecodable", "The record's bytes are not a value of its topic's schema."
    UNKNOWN_SCHEMA = "unknown_schema", "The record's schema id is not in the registry."
    INVALID_RECORD = "invalid_record", "The record decodes, but a value in it breaks the catalogue's limits."
    PROCESSOR_ERROR = (
        "processor_error",
        "A reducer failed on the event: a bug; the event is kept.",
    )
    LATE = "late", "The event came behind the live horizon."
    SESSION_OVERFLOW = "session_overflow", "The session already has the most events one may have."
    DATABASE_REFUSED = "database_refused", "PostgreSQL refuses the row."


OF_ONE_EVENT: Final = frozenset(
    {
        Reason.UNKNOWN_TYPE,
        Reason.WRONG_CATEGORY,
        Reason.MISSING_FIELD,
        Reason.INVALID_FIELD,
        Reason.INVALID_TIMESTAMP,
        Reason.INVALID_TEXT,
        Reason.NUMBER_OUT_OF_RANGE,
        Reason.DUPLICATE_KEY,
        Reason.ID_TOO_LONG,
        Reason.PATH_TOO_LONG,
        Reason.EVENT_DATA_TOO_LARGE,
        Reason.EVENT_DATA_TOO_DEEP,
        Reason.EVENT_TOO_LARGE,
        Reason.IDENTITY_IN_BODY,
        Reason.TOO_OLD,
    }
)
"""Why the gateway rejects an event alone; beside the events the same fault refuses the whole request."""

BEHIND_THE_GATEWAY: Final = frozenset(
    {
        Reason.UNDELIVERABLE,
        Reason.UNDECODABLE,
        Reason.UNKNOWN_SCHEMA,
        Reason.INVALID_RECORD,
        Reason.PROCESSOR_ERROR,
        Reason.LATE,
        Reason.SESSION_OVERFLOW,
        Reason.DATABASE_REFUSED,
    }
)
"""What no HTTP answer says: found in dead letters and counters only."""


class Stage(StrEnum):
    """Who put something into the dead-letter topic."""

    GATEWAY = "gateway"
    SESSION_AGENT = "session_agent"
    PERFUME_AGENT = "perfume_agent"
    SINK = "sink"
