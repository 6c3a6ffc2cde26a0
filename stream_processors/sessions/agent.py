"""The session agent: interactions in, one row a session, published as `sessions`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from schemas import limits
from schemas.reasons import Reason, Stage
from schemas.topics import INTERACTIONS, SESSION_CHANGELOG, SESSIONS, Topic
from stream_processors.engine.forwarded import Forwarded
from stream_processors.engine.job import PartitionView
from stream_processors.engine.table import Table
from stream_processors.engine.table_spec import TableSpec
from stream_processors.errors import Refused
from stream_processors.sessions import lifetime
from stream_processors.sessions.event import SessionEvent
from stream_processors.sessions.figures import published
from stream_processors.sessions.reducer import Effect, SessionOverflow, apply
from stream_processors.sessions.row import SessionRow, glance, pack, unpack
from wire.codec import Encode

BOT = "bot"
CLOSE_AT_A_TIME = 500
LOOK_AGAIN_MS = 3_600_000
"""At a row that would be evicted by the wall clock, while its partition's own time stands still."""


class SessionAgent:
    """The job that turns Interactions into session rows (engine.job.Job)."""

    application: ClassVar[str] = "session-agent"
    stage: ClassVar[Stage] = Stage.SESSION_AGENT
    source: ClassVar[Topic] = INTERACTIONS

    def __init__(
        self,
        decode: Callable[[bytes | None], Mapping[str, Any]],
        encode_session: Encode,
        check_home: Callable[[str, int], None],
        forwards: Callable[[Mapping[str, Any]], Sequence[Forwarded]],
        generation: int = 0,
    ) -> None:
        """`check_home` raises InvalidRecord for a session id that another partition keeps.

        `forwards` gives what an Interaction means to other agents. It raises Refused for one that breaks the
        catalogue.
        """
        self.decode = decode
        self._encode = encode_session
        self._forwards = forwards
        self._generation = generation
        self._check_home = check_home
        self._sessions: TableSpec[SessionRow] = TableSpec(
            name="sessions",
            changelog=SESSION_CHANGELOG,
            public=SESSIONS,
            new=SessionRow,
            pack=pack,
            unpack=unpack,
            publish=self._published,
            due=lifetime.due,
            count=lambda packed: glance(packed).events,
        )

    @property
    def tables(self) -> Sequence[TableSpec[Any]]:
        return (self._sessions,)

    def apply(self, partition: PartitionView, value: Mapping[str, Any], appended_at: int) -> str:
        """One Interaction: bots make no row, all others are folded into their session's."""
        event = SessionEvent(value)
        watermark = partition.advance(min(event.received_at, appended_at))
        if value["is_bot"]:
            return BOT
        session_id: str = value["session_id"]
        table: Table[SessionRow] = partition.tables[0]
        row = table.get(session_id)
        if row is None or lifetime.is_forgotten(row, watermark):
            row = self._first_row(partition, session_id)
        elif lifetime.is_past(row, watermark):
            raise Refused(Reason.LATE, f"session {session_id} had its last event beyond the live horizon")
        if lifetime.is_late(event.occurred_at, watermark):
            raise Refused(Reason.LATE, f"it happened at {event.occurred_at}, the time here is {watermark}")
        forwarded = self._forwards(value)
        try:
            effect = apply(row, event)
        except SessionOverflow as overflow:
            raise Refused(Reason.SESSION_OVERFLOW, f"session {session_id}: {overflow}") from None
        if effect is Effect.APPLIED:
            table.put(session_id, row)
            table.agenda.schedule(session_id, event.received_at + limits.SESSION_TIMEOUT_MS + 1)
            for record in forwarded:
                partition.forward(record)
        return effect

    def tick(self, partition: PartitionView, now: int) -> None:
        """Close sessions without an event for half an hour, evict old ones, forget very old ones."""
        table: Table[SessionRow] = partition.tables[0]
        for session_id in list(table.agenda.due(now, CLOSE_AT_A_TIME)):
            row = table.get(session_id)
            if row is None:
                continue
            changed = lifetime.grow_old(row, now, partition.watermark)
            if changed is None:
                table.remove(session_id)
                continue
            if changed:
                table.put(session_id, row)
            next_look = lifetime.next_look(row.last_received, row.closed, row.evicted)
            again = next_look if changed or next_look > now else now + LOOK_AGAIN_MS
            table.agenda.schedule(session_id, again)

    def _published(self, session_id: str, row: SessionRow) -> bytes | None:
        """An evicted row's last figures were published when it closed."""
        return None if row.evicted else self._encode(published(session_id, row, self._generation))

    def _first_row(self, partition: PartitionView, session_id: str) -> SessionRow:
        """A new row, unless the session lives in another partition: two rows would each count a part."""
        self._check_home(session_id, partition.number)
        return self._sessions.new()
