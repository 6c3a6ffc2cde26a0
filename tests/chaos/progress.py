"""How far the agents have come, as Kafka tells it: what waiting for them waits for."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.topics import INTERACTIONS, PERFUME_ACTIVITY, Namespace, Topic
from wire.clients import ERRORS_ONLY

AGENTS: Final[Mapping[str, Topic]] = {"session-agent": INTERACTIONS, "perfume-agent": PERFUME_ACTIVITY}
ASK_S: Final = 10.0
PATIENCE_S: Final = 300.0
"""Without any progress for this long, something hangs."""


class Stuck(AssertionError):
    """Nothing moved for as long as nobody waits."""


class Progress:
    """Committed offsets of both agents against what their topics hold."""

    def __init__(self, bootstrap: str, space: Namespace) -> None:
        self._space = space
        self._groups = {
            group: Consumer(
                {
                    "bootstrap.servers": bootstrap,
                    "group.id": space.group(group),
                    "isolation.level": "read_committed",
                    "log_level": ERRORS_ONLY,
                }
            )
            for group in AGENTS
        }

    def applied(self) -> int | None:
        """Offsets committed so far, both agents together; None while Kafka does not answer."""
        return self._told(lambda: sum(self._applied(group, topic) for group, topic in AGENTS.items()))

    def behind(self) -> int | None:
        """Offsets that are there and not committed; None while Kafka does not answer."""
        return self._told(lambda: sum(self._behind(group, topic) for group, topic in AGENTS.items()))

    def wait_beyond(self, applied: int) -> int:
        """Wait until more is applied than that; how much it is then. Raises Stuck."""
        return self._wait(lambda: self.applied() or 0, lambda now: now > applied)

    def wait_done(self) -> None:
        """Wait until nothing is left to apply. Raises Stuck when nothing moves any more."""
        self._wait(self.behind, lambda behind: behind == 0)

    def _wait(self, look: Callable[[], int | None], enough: Callable[[int], bool]) -> int:
        seen, moved_at = None, time.monotonic()
        while True:
            now = look()
            if now is not None and enough(now):
                return now
            if now is not None and now != seen:
                seen, moved_at = now, time.monotonic()
            if time.monotonic() - moved_at > PATIENCE_S:
                raise Stuck(
                    f"no progress for {PATIENCE_S:.0f} s; applied {self.applied()}, left {self.behind()}"
                )
            time.sleep(0.2)

    def _told(self, ask: Callable[[], int]) -> int | None:
        try:
            return ask()
        except KafkaException:
            self._look_for_leaders()
            return None

    def _look_for_leaders(self) -> None:
        """A consumer that reads nothing does not notice by itself that a partition has a new leader."""
        for consumer in self._groups.values():
            with suppress(KafkaException):
                consumer.list_topics(timeout=ASK_S)

    def _applied(self, group: str, topic: Topic) -> int:
        return sum(max(0, at.offset) for at in self._committed(group, topic))

    def _behind(self, group: str, topic: Topic) -> int:
        return sum(self._end(group, at) - max(0, at.offset) for at in self._committed(group, topic))

    def _end(self, group: str, at: TopicPartition) -> int:
        _, end = self._groups[group].get_watermark_offsets(at, timeout=ASK_S)
        return int(end)

    def _committed(self, group: str, topic: Topic) -> list[TopicPartition]:
        name = self._space.topic(topic)
        asked = [TopicPartition(name, number) for number in range(topic.partitions)]
        return self._groups[group].committed(asked, timeout=ASK_S)
