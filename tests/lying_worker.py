"""A stream worker with a bug that shows nowhere but in what it leaves out: it refuses what counts.

Events of sessions named "lied-late..." are called late, those of "lied-full..." one too many.
"""

from collections.abc import Mapping
from typing import Any

from schemas.reasons import Reason
from stream_processors.__main__ import main
from stream_processors.engine.job import PartitionView
from stream_processors.errors import Refused
from stream_processors.sessions.agent import SessionAgent

LIES = {"lied-late": Reason.LATE, "lied-full": Reason.SESSION_OVERFLOW}
_honest = SessionAgent.apply


def _lying(self: SessionAgent, partition: PartitionView, value: Mapping[str, Any], appended_at: int) -> str:
    for prefix, reason in LIES.items():
        if value["session_id"].startswith(prefix) and not value["is_bot"]:
            raise Refused(reason, "a lie")
    return _honest(self, partition, value, appended_at)


if __name__ == "__main__":
    SessionAgent.apply = _lying  # type: ignore[method-assign]
    main()
