"""How long a worker that is killed takes to process again, while events keep coming."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bench.recovery.errors import NotBack
from schemas.topics import INTERACTIONS, Namespace
from tests.interactions import InteractionTopic, interactions
from tests.services import Service, ended_at_last
from tests.streams_pipeline import StreamsPipeline
from wire.clients import ERRORS_ONLY, Cluster

EVENTS_A_SECOND: Final = 200
LOOK_S: Final = 0.02
BACK_S: Final = 120.0
ANSWER_S: Final = 10.0


class Restarts:
    """A worker that is killed and at once started again, as its supervisor would."""

    def __init__(self, bootstrap: str, registry_url: str, space: Namespace, folder: Path) -> None:
        self._space = space
        self._admin = AdminClient({**Cluster(bootstrap).base("bench-restart"), "log_level": ERRORS_ONLY})
        self._events = InteractionTopic(bootstrap, registry_url, space.prefix)
        pipeline = StreamsPipeline(bootstrap, registry_url, space.prefix, folder)
        self._worker: Service = pipeline.worker("worker")

    def measure(self, times: int) -> list[float]:
        """Seconds from each kill -9 to the first commit of an event that came after it. Raises NotBack."""
        with ended_at_last(self._worker), self._traffic():
            self._worker.start()
            self._until_past(self._ends())
            return [self._kill() for _ in range(times)]

    def _kill(self) -> float:
        began = time.monotonic()
        self._worker.kill()
        ends = self._ends()
        self._worker.launch()
        self._until_past(ends)
        return time.monotonic() - began

    def _until_past(self, ends: dict[int, int]) -> None:
        """Wait until an event behind one of these ends is committed."""
        deadline = time.monotonic() + BACK_S
        while not any(at > ends[partition] for partition, at in self._committed().items()):
            if time.monotonic() > deadline:
                raise NotBack(f"nothing new was committed for {BACK_S:.0f} s; log:\n{self._worker.tail()}")
            time.sleep(LOOK_S)

    def _ends(self) -> dict[int, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = dict.fromkeys(self._partitions(), latest)
        answers = self._admin.list_offsets(asked, request_timeout=ANSWER_S)
        return {partition.partition: found.result().offset for partition, found in answers.items()}

    def _committed(self) -> dict[int, int]:
        asked = ConsumerGroupTopicPartitions(self._space.group("session-agent"), self._partitions())
        (answer,) = self._admin.list_consumer_group_offsets([asked], request_timeout=ANSWER_S).values()
        return {found.partition: found.offset for found in answer.result(ANSWER_S).topic_partitions or []}

    def _partitions(self) -> list[TopicPartition]:
        topic = self._space.topic(INTERACTIONS)
        return [TopicPartition(topic, number) for number in range(INTERACTIONS.partitions)]

    @contextmanager
    def _traffic(self) -> Iterator[None]:
        """Events at a steady rate, from a thread of their own."""
        over = threading.Event()

        def send() -> None:
            for event in interactions(seed=7, count=EVENTS_A_SECOND * 3_600, sessions=500):
                self._events.put_event(event)
                self._events.poll()
                if over.wait(1 / EVENTS_A_SECOND):
                    return

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            over.set()
            sender.join()
            self._events.flush(ANSWER_S)
