"""The usual bridge between asyncio and confluent-kafka: a thread that polls, a future for each message."""

import asyncio
from threading import Thread

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from wire.clients import Cluster, producer_settings

POLL_S = 0.1


class AwaitableProducer:
    """Sends to one topic."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._producer = Producer(producer_settings(Cluster(bootstrap), "fastapi-naive"))
        Thread(target=self._poll, daemon=True).start()

    def _poll(self) -> None:
        while True:
            self._producer.poll(POLL_S)

    def send(self, key: bytes, value: bytes) -> "asyncio.Future[None]":
        """A future that ends when Kafka has acknowledged the message."""
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()

        def report(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                loop.call_soon_threadsafe(acknowledged.set_result, None)
            else:
                loop.call_soon_threadsafe(acknowledged.set_exception, KafkaException(error))

        self._producer.produce(self._topic, value, key, on_delivery=report)
        return acknowledged
