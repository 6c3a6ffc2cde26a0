"""The floor under every gateway in Python on this stack: uvicorn and librdkafka, and nothing between them.

Reads the body, looks at nothing in it, sends one prepared Interaction for each event, and answers when Kafka
has all of them. Same server, client and settings as the gateway's; the client is polled from the loop too.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any, Final

import uvicorn
import uvloop
from confluent_kafka import Message, Producer
from starlette.types import Receive, Scope, Send

from bench.gateway.stages import interactions
from bench.gateway.traffic import lines
from schemas.topics import INTERACTIONS, Namespace
from wire.clients import Cluster, producer_settings
from wire.codec import Encoder

POLL_S: Final = 0.001
EVENT: Final = b'"eventType"'
KEY: Final = b"0197a1c0-0000-7000-8000-000000000000"
BATCH: Final = 10
HEADERS: Final = [(b"content-type", b"application/json")]


class Bare:
    """An ASGI application."""

    def __init__(self, producer: Producer, topic: str, values: Sequence[bytes]) -> None:
        self._producer = producer
        self._topic = topic
        self._values = values
        self._poll()

    def _poll(self) -> None:
        self._producer.poll(0)
        asyncio.get_running_loop().call_later(POLL_S, self._poll)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Any request; one without events is answered at once."""
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        events = body.count(EVENT)
        if events:
            await self._sent(events)
        answer = b'{"success":true,"count":%d}' % events
        length = (b"content-length", b"%d" % len(answer))
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
        await send({"type": "http.response.body", "body": answer})

    def _sent(self, events: int) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = events

        def report(error: Any, _message: Message) -> None:
            nonlocal waiting
            waiting -= 1
            if error is not None and not done.done():
                done.set_exception(RuntimeError(str(error)))
            elif not waiting and not done.done():
                done.set_result(None)

        for value in islice(cycle(self._values), events):
            self._producer.produce(self._topic, value, KEY, on_delivery=report)
        return done


async def serve() -> None:
    """Until SIGTERM."""
    (values,) = interactions([next(lines(BATCH, time.time_ns() // 1_000_000))])
    producer = Producer(producer_settings(Cluster(os.environ["SILLAGE_KAFKA_BOOTSTRAP"]), "bare-asgi"))
    topic = Namespace(os.environ["SILLAGE_NAMESPACE"]).topic(INTERACTIONS)
    port = int(os.environ["SILLAGE_GATEWAY_PORT"])
    header = Encoder("interaction", int(os.environ["BENCH_INTERACTION_ID"])).header
    bare = Bare(producer, topic, [header + value for value in values])
    config = uvicorn.Config(bare, port=port, access_log=False, lifespan="off", log_level="warning")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.new_event_loop().run_until_complete(serve())
