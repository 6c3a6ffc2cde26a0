"""A stream worker that can be cut off: its connections to Kafka lead over a link (proxy.CuttableLink).

    TESTS_LINK=<the link's port> python -m tests.linked_worker

Those of aiokafka, that is: by them it is a member of its groups, reads and writes. librdkafka's, for
takeovers and look-ups, go straight; tests/integration/test_streams_cut_off.py cuts those too.
"""

import os
from typing import Any

from aiokafka import client
from aiokafka.conn import AIOKafkaConnection, create_conn

from stream_processors.__main__ import main


async def _over_the_link(_host: str, _port: int, **settings: Any) -> AIOKafkaConnection:
    return await create_conn("127.0.0.1", int(os.environ["TESTS_LINK"]), **settings)


if __name__ == "__main__":
    client.create_conn = _over_the_link
    main()
