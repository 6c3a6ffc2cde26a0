"""The session agent: interactions in, one row a session, published as `sessions`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.reasons import Reason, Stage
from schemas.topics import INTERACTIONS, SESSION_CHANGELOG, SESSIONS, Topic
from stream_processors.engine.job import PartitionView
from stream_processors.engine.table import Table, TableSpec
from stream_processors.errors import Refused
from stream_processors.sessions.event import session_event
from stream_processors.sessions.figures import figures
from stream_processors.sessions.reducer import Effect, SessionOverflow, apply
from stream_processors.sessions.row import SessionRow, pack, unpack

GENERATION = 0
"""Raised by a rebuild: its rows replace those of the generations before."""

BOT = "bot"


class SessionAgent:
    """The job that turns Interactions into session rows (engine.job.Job)."""

    application = "session-agent"
    stage = Stage.SESSION_AGENT
    source: Topic = INTERACTIONS

    def __init__(
        self,
        decode: Callable[[bytes | None], Mapping[str, Any]],
        encode_session: Callable[[Mapping[str, Any]], bytes],
        home_partition: Callable[[str], int],
    ) -> None:
        """`home_partition` tells where the topic keeps a session id: murmur2 of it, as all producers do."""
        self.decode = decode
        self._home_partition = home_partition
        self._sessions: TableSpec[SessionRow] = TableSpec(
            name="sessions",
            changelog=SESSION_CHANGELOG,
            public=SESSIONS,
            new=SessionRow,
            pack=pack,
            unpack=unpack,
            publish=lambda session_id, row: encode_session(figures(session_id, row, GENERATION)),
        )

    @property
    def tables(self) -> Sequence[TableSpec[Any]]:
        return (self._sessions,)

    def apply(self, partition: PartitionView, value: Mapping[str, Any]) -> str:
        """One Interaction: bots make no row, all others are folded into their session's."""
        if value["is_bot"]:
            return BOT
        session_id: str = value["session_id"]
        event = session_event(value)
        table: Table[SessionRow] = partition.tables[0]
        row = table.get(session_id) or self._first_row(partition, session_id)
        try:
            effect = apply(row, event)
        except SessionOverflow as overflow:
            raise Refused(Reason.SESSION_OVERFLOW, f"session {session_id}: {overflow}") from None
        if effect is Effect.APPLIED:
            table.put(session_id, row)
        return effect

    def _first_row(self, partition: PartitionView, session_id: str) -> SessionRow:
        """A new row, unless the session lives in another partition: two rows would each count a part."""
        home = self._home_partition(session_id)
        if home != partition.number:
            raise Refused(
                Reason.INVALID_RECORD,
                f"session {session_id} belongs to partition {home}, not {partition.number}: the record's key"
                " must be its session id, partitioned by murmur2",
            )
        return self._sessions.new()
