"""A record that could not be used, as the value of the dead-letter topic: bounded, so that it always fits."""

from dataclasses import dataclass
from typing import Any, Final

from schemas.reasons import Reason, Stage
from wire.codec import schema_id_of

MESSAGE_CHARS: Final = 2_000
PAYLOAD_BYTES: Final = 512 * 1024
KEY_BYTES: Final = 1_024
LARGEST_SCHEMA_ID: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record stands in Kafka."""

    topic: str
    partition: int
    offset: int


def letter_about(
    stage: Stage,
    reason: Reason,
    message: str,
    source: Source,
    value: bytes | None,
    first_seen: int,
    session_id: str | None = None,
    event_id: str | None = None,
) -> dict[str, Any]:
    """The DeadLetter (schemas/avro/dead_letter.avsc) of a record; `first_seen` in epoch ms.

    A payload over 512 KiB is cut and the message says so; the source's coordinates lead to all of it.
    """
    payload = value or b""
    if len(payload) > PAYLOAD_BYTES:
        message = f"(payload cut: {PAYLOAD_BYTES} of {len(payload)} bytes) {message}"
    schema_id = schema_id_of(value)
    return {
        "stage": stage.value,
        "reason": reason.value,
        "message": message[:MESSAGE_CHARS].encode("utf-8", "replace").decode(),
        "first_seen": first_seen,
        "payload": payload[:PAYLOAD_BYTES],
        "source_topic": source.topic,
        "source_partition": source.partition,
        "source_offset": source.offset,
        # Four random bytes may name more than Avro's int holds: then they are no schema id.
        "schema_id": schema_id if schema_id is not None and schema_id <= LARGEST_SCHEMA_ID else None,
        "request_id": None,
        "session_id": session_id,
        "event_id": event_id,
    }


def key_of(source_key: bytes | None) -> bytes | None:
    """The source's key, cut where it would be too long to keep."""
    return None if source_key is None else source_key[:KEY_BYTES]
