"""Which refused events are in no figure: judged by the raw events, not believed.

What the session agent refuses is in no figure. Were its word taken for that, a bug that refuses everything
would show no difference at all. So a refusal must be borne out:

late: by an upper bound of the agent's time, the largest arrival on the partition up to that record. (Kafka's
append time only ever lowers the agent's.) session_overflow: worked out anew. Others that contradict a stored
raw row, which the sink has by the same rules, are wrong.
"""

from typing import Final

from ops.audit.published import TopicReader
from ops.audit.reading import AvroReader
from ops.audit.workspace import Workspace
from schemas.limits import LATE_HORIZON_MS, SESSION_EVENTS
from schemas.reasons import Reason
from schemas.topics import INTERACTIONS
from wire.codec import SchemaSource
from wire.errors import Undecodable

FAILED: Final = f"""
INSERT INTO left_out
SELECT kafka_partition, kafka_offset, reason FROM refusals
WHERE reason IN ('{Reason.PROCESSOR_ERROR.value}', '{Reason.UNKNOWN_SCHEMA.value}')
ON CONFLICT DO NOTHING
"""
"""What failed, or nobody could read then: that says nothing of the event, and nothing contradicts it."""

UNPROVED: Final = f"""
SELECT count(*) FROM refusals AS refusal
WHERE reason = '{Reason.LATE.value}' AND NOT EXISTS (
    SELECT FROM left_out WHERE left_out.kafka_partition = refusal.kafka_partition
    AND left_out.kafka_offset = refusal.kafka_offset)
"""

LATE: Final = f"""
INSERT INTO left_out
WITH arrival AS (
    SELECT kafka_partition, kafka_offset, (extract(epoch FROM received_at) * 1000)::bigint AS received_at
    FROM interaction_events
    UNION ALL SELECT kafka_partition, kafka_offset, received_at FROM arrivals
), time AS (
    SELECT kafka_partition, kafka_offset,
        max(received_at) OVER (PARTITION BY kafka_partition ORDER BY kafka_offset) AS now
    FROM arrival
), told AS (
    SELECT DISTINCT refusal.*, time.now
    FROM refusals AS refusal JOIN time USING (kafka_partition, kafka_offset)
    WHERE reason = '{Reason.LATE.value}'
)
SELECT kafka_partition, kafka_offset, reason FROM told
WHERE occurred_at < now - {LATE_HORIZON_MS} OR (
    SELECT (extract(epoch FROM max(raw.received_at)) * 1000)::bigint
    FROM interaction_events AS raw LEFT JOIN refusals AS other USING (kafka_partition, kafka_offset)
    WHERE raw.session_id = told.session_id AND raw.kafka_partition = told.kafka_partition
    AND raw.kafka_offset < told.kafka_offset AND NOT raw.is_bot AND other.reason IS NULL
) < now - {LATE_HORIZON_MS}
ON CONFLICT DO NOTHING
"""
"""An event beyond the horizon, or of a session whose last event before it came beyond the horizon."""

FORGET_OVERFLOW: Final = f"DELETE FROM left_out WHERE why = '{Reason.SESSION_OVERFLOW.value}'"

OVERFLOW: Final = f"""
INSERT INTO left_out
SELECT kafka_partition, kafka_offset, '{Reason.SESSION_OVERFLOW.value}' FROM (
    SELECT kafka_partition, kafka_offset,
        row_number() OVER (PARTITION BY session_id ORDER BY kafka_offset) AS number
    FROM interaction_events LEFT JOIN left_out USING (kafka_partition, kafka_offset)
    WHERE NOT is_bot AND why IS NULL AND session_id IN (
        SELECT session_id FROM interaction_events GROUP BY session_id HAVING count(*) > {SESSION_EVENTS})
) AS event
WHERE number > {SESSION_EVENTS}
"""

UNFOUNDED: Final = """
SELECT refusal.reason, count(*)
FROM refusals AS refusal JOIN interaction_events USING (kafka_partition, kafka_offset)
LEFT JOIN left_out USING (kafka_partition, kafka_offset)
WHERE NOT is_bot AND why IS NULL
GROUP BY 1 ORDER BY 1
"""

STORE_ARRIVAL: Final = "INSERT INTO arrivals VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


class Verdicts:
    """Keeps `left_out` in the workspace at the raw rows that are rightly in no figure."""

    def __init__(self, space: Workspace, reader: TopicReader, schemas: SchemaSource) -> None:
        self._space = space
        self._log = reader
        self._interaction = AvroReader(str(INTERACTIONS.value), schemas)
        self._latest: dict[int, int] = {}

    def judge(self) -> None:
        """Judge every refusal read so far. Raises CannotAudit, or wire.errors.RegistryUnavailable."""
        self._space.run(FAILED)
        if self._unproved():
            self._space.run(LATE)
        if self._unproved():
            self._read_arrivals()
            self._space.run(LATE)
        self._space.run(FORGET_OVERFLOW)
        self._space.run(OVERFLOW)

    def unfounded(self) -> dict[str, int]:
        """Stored events that were refused and that nothing bears out, by the reason told."""
        return dict(self._space.run(UNFOUNDED).fetchall())

    def _unproved(self) -> bool:
        ((number,),) = self._space.run(UNPROVED).fetchall()
        return bool(number)

    def _read_arrivals(self) -> None:
        """What the raw rows lack: an event sent twice is stored once, but came in twice."""
        raised = []
        for record in self._log.read(INTERACTIONS):
            try:
                received_at = self._interaction.read(record.value())["received_at"]
            except Undecodable:
                continue
            partition, offset = record.partition() or 0, record.offset() or 0
            if received_at > self._latest.get(partition, -1):
                self._latest[partition] = received_at
                raised.append((partition, offset, received_at))
        self._space.insert(STORE_ARRIVAL, raised)
