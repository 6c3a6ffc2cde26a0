"""A stream worker that kills or freezes itself at a chosen moment of its work.

TESTS_AIM=<moment>@<agent>:<signal number>, such as "offsets@session-agent:9". The moments:

fenced      a takeover has fenced the predecessors, and has read nothing yet
loaded      it has read offsets and rows, and works on none of them yet
sent        Kafka has a flush's records, and not its offset
offsets     it has the offset too, and was not asked to commit
committing  it was asked to commit, and has not answered
committed   it has answered, and the worker has not taken note
draining    as `sent`, of a flush that is written because partitions may go
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from stream_processors.__main__ import main
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.engine import Engine
from stream_processors.engine.partition import Flush
from stream_processors.engine.restore import Extent, Rows
from stream_processors.engine.takeover import Kafka
from stream_processors.engine.transaction import PartitionWriter

MOMENTS: Final = ("fenced", "loaded", "sent", "offsets", "committing", "committed", "draining")
REACHED: Final = "aimed: reached"
ON_ITS_WAY_S: Final = 0.002
"""By then the request to commit has left."""

_flushing: ContextVar[str] = ContextVar("_flushing", default="")
"""The group whose flush is being written; empty while a takeover fences."""
_draining: set[str] = set()
_fence, _commit = PartitionWriter.fence, PartitionWriter.commit
_read_back, _drain = Kafka.read_back, Engine.drain
_send_offsets, _end = AIOKafkaProducer.send_offsets_to_transaction, AIOKafkaProducer.commit_transaction


def _reached(moment: str, group: str) -> None:
    """Once: a worker that was only frozen goes on afterwards."""
    aimed = os.environ.get("TESTS_AIM", "")
    wanted, _, rest = aimed.partition("@")
    agent, _, number = rest.partition(":")
    if moment == wanted and group.endswith(agent):
        del os.environ["TESTS_AIM"]
        sys.stderr.write(f"{REACHED} {moment}\n")
        sys.stderr.flush()
        os.kill(os.getpid(), int(number))


async def _aimed_fence(self: PartitionWriter) -> None:
    await _fence(self)
    _reached("fenced", self._group)


async def _aimed_read_back(
    self: Kafka, sources: Sequence[TopicPartition], changelogs: Sequence[str]
) -> tuple[Mapping[TopicPartition, Extent], Rows]:
    found = await _read_back(self, sources, changelogs)
    _reached("loaded", self.group)
    return found


async def _aimed_commit(self: PartitionWriter, flush: Flush) -> None:
    _flushing.set(self._group)
    await _commit(self, flush)
    _reached("committed", self._group)


async def _aimed_send_offsets(self: AIOKafkaProducer, offsets: Any, group: str) -> None:
    if flushing := _flushing.get():
        _reached("sent", flushing)
        if any(flushing.endswith(agent) for agent in _draining):
            _reached("draining", flushing)
    await _send_offsets(self, offsets, group)
    if flushing:
        _reached("offsets", flushing)


async def _aimed_end(self: AIOKafkaProducer) -> None:
    ending = asyncio.ensure_future(_end(self))
    await asyncio.sleep(ON_ITS_WAY_S)
    _reached("committing", _flushing.get())
    await ending


async def _aimed_drain(self: Engine) -> None:
    _draining.add(self.job.application)
    try:
        await _drain(self)
    finally:
        _draining.discard(self.job.application)


if __name__ == "__main__":
    PartitionWriter.fence = _aimed_fence  # type: ignore[method-assign]
    PartitionWriter.commit = _aimed_commit  # type: ignore[method-assign]
    Kafka.read_back = _aimed_read_back  # type: ignore[method-assign]
    Engine.drain = _aimed_drain  # type: ignore[method-assign]
    AIOKafkaProducer.send_offsets_to_transaction = _aimed_send_offsets
    AIOKafkaProducer.commit_transaction = _aimed_end
    main()
