"""What could not be stored goes to the dead-letter topic, and is there before the offset moves past it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.reasons import Stage
from sinks.errors import Unavailable
from sinks.record import Rejection
from wire.codec import Encoder
from wire.dead_letters import Source, key_of, letter_about

DELIVERY_TIMEOUT_S: Final = 10.0


def dead_letter(rejection: Rejection, now_ms: int) -> dict[str, Any]:
    """The DeadLetter value (schemas/avro/dead_letter.avsc) of a rejection seen at `now_ms`."""
    record = rejection.record
    return letter_about(
        Stage.SINK,
        rejection.reason,
        rejection.message,
        Source(record.source.topic, record.source.number, record.offset),
        record.value,
        now_ms,
        rejection.session_id,
        rejection.event_id,
    )


class DeadLetters:
    """Sends rejections and waits until Kafka has them.

    A crash between that and the commit sends them again: a dead letter is one by its source coordinates and
    stage, however often it is there.
    """

    def __init__(
        self,
        producer: Producer,
        topic: str,
        encoder: Callable[[], Encoder],
        now_ms: Callable[[], int],
    ) -> None:
        """`encoder` may ask the registry: it is called at the first rejection, not before."""
        self._producer = producer
        self._topic = topic
        self._new_encoder = encoder
        self._encoder: Encoder | None = None
        self._now_ms = now_ms

    def send(self, rejections: Sequence[Rejection]) -> None:
        """Return when all are acknowledged. Raises Unavailable or RegistryUnavailable."""
        if not rejections:
            self._producer.poll(0)  # has the client's own log lines written
            return
        self._encoder = self._encoder or self._new_encoder()
        failures: list[KafkaError] = []

        def settled(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failures.append(error)

        try:
            for rejection in rejections:
                value = dead_letter(rejection, self._now_ms())
                self._produce(key_of(rejection.record.key), self._encoder.encode(value), settled)
            waiting = self._producer.flush(DELIVERY_TIMEOUT_S * 2)
        except KafkaException as error:
            raise Unavailable(f"Kafka does not take dead letters: {error}") from error
        if failures or waiting:
            raise Unavailable(f"Kafka did not acknowledge dead letters: {failures[:1] or 'no answer yet'}")

    def _produce(
        self, key: bytes | None, value: bytes, settled: Callable[[KafkaError | None, Message], None]
    ) -> None:
        try:
            self._producer.produce(self._topic, key=key, value=value, on_delivery=settled)
        except BufferError:  # librdkafka's queue is full: let it drain, once
            self._producer.flush(DELIVERY_TIMEOUT_S)
            self._producer.produce(self._topic, key=key, value=value, on_delivery=settled)
