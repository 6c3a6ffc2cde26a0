"""A stream worker whose takeovers take long: `python -m tests.slow_takeover`. Says so when one has begun."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from stream_processors.__main__ import main
from stream_processors.engine.batch import TopicPartition
from stream_processors.engine.restore import Extent, Rows
from stream_processors.engine.takeover import Kafka

BEGUN: Final = "slow takeover: begun"
LONG_S: Final = 600.0

_read_back = Kafka.read_back


async def _slow_read_back(
    self: Kafka, sources: Sequence[TopicPartition], changelogs: Sequence[str]
) -> tuple[Mapping[TopicPartition, Extent], Rows]:
    sys.stderr.write(f"{BEGUN}\n")
    sys.stderr.flush()
    await asyncio.sleep(LONG_S)
    return await _read_back(self, sources, changelogs)


if __name__ == "__main__":
    Kafka.read_back = _slow_read_back  # type: ignore[method-assign]
    main()
