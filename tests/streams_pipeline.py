"""The stream processor from outside: its topics, its workers, and its rows against the oracle's."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from schemas.api_keys import digest_of
from schemas.topics import (
    AFFINITIES,
    INTERACTIONS,
    PERFUME_STATS,
    RECOMMENDATION_FEEDBACK,
    SESSIONS,
    Namespace,
    Topic,
)
from tests.interactions import InteractionTopic
from tests.oracle.lifetimes import Closing, History, history
from tests.oracle.perfumes import expected_affinities, expected_feedback, expected_perfumes
from tests.oracle.sessions import expected_sessions
from tests.services import Service, free_port, wait_until
from tests.stock_reader import StockReader
from tests.topic import read_topic
from wire.codec import Decoder
from wire.errors import Undecodable
from wire.partitions import home_partition
from wire.registry import Registry

KEY: Final = "sk_test_streams"
SKETCH_ERROR: Final = 0.02
Row = Mapping[str, Any]

PUBLIC: Final[Mapping[Topic, Callable[[Iterable[Row]], dict[str, dict[str, Any]]]]] = {
    SESSIONS: expected_sessions,
    PERFUME_STATS: expected_perfumes,
    AFFINITIES: expected_affinities,
    RECOMMENDATION_FEEDBACK: expected_feedback,
}


class StreamsPipeline:
    """A namespace's topics and workers. `session_timeout_ms`: when a silent worker is given up."""

    def __init__(
        self,
        bootstrap: str,
        registry_url: str,
        namespace: str,
        folder: Path,
        session_timeout_ms: int = 10_000,
    ) -> None:
        self.bootstrap = bootstrap
        self.space = Namespace(namespace)
        self.topic = InteractionTopic(bootstrap, registry_url, namespace)
        self.registry = Registry(registry_url)
        self._reader = StockReader(bootstrap, registry_url, self.space)
        self._registry_url = registry_url
        self._folder = folder
        self._session_timeout_ms = session_timeout_ms

    def close(self) -> None:
        """Let go of the reader's connections."""
        self._reader.close()

    def worker(
        self, name: str, instance_id: str = "", module: str = "stream_processors", **settings: str
    ) -> Service:
        """A stream worker, with its name as group.instance.id unless another is given.

        `settings`: more of them, or others, such as SILLAGE_FLUSH_INTERVAL_MS="500".
        """
        port = free_port()
        return Service(
            module, self.environment(name, instance_id, port) | settings, port, self._folder / f"{name}.log"
        )

    def environment(self, name: str, instance_id: str, port: int) -> dict[str, str]:
        """The settings of a worker."""
        return {
            "SILLAGE_KAFKA_BOOTSTRAP": self.bootstrap,
            "SILLAGE_REGISTRY_URL": self._registry_url,
            "SILLAGE_NAMESPACE": self.space.prefix,
            "SILLAGE_SECRET_KEYS": digest_of(KEY),
            "SILLAGE_LIVE_PORT": str(port),
            "SILLAGE_INSTANCE_ID": instance_id or name,
            "SILLAGE_SESSION_TIMEOUT_MS": str(self._session_timeout_ms),
            "SILLAGE_STREAMS_DATA_DIR": str(self._folder / name),
        }

    def values(self, topic: Topic) -> list[dict[str, Any]]:
        """Every value of a topic that can be decoded, in log order."""
        decoder = Decoder(topic.value or "", self.registry)
        values = []
        for message in read_topic(self.bootstrap, self.space.topic(topic)):
            try:
                values.append(decoder.decode(message.value()))
            except Undecodable:
                continue
        return values

    def published(self, topic: Topic) -> dict[str, dict[str, Any]]:
        """The last row of each key, as a reader who begins now would have it."""
        return self._reader.rows(topic)

    def differences(self, counted: Callable[[Row], bool] = lambda _event: True) -> list[str]:
        """Rows of any published table that are not what the distinct events amount to."""
        log = [event for event in self.values(INTERACTIONS) if counted(event)]
        told = history(log, home_of_session)
        found = []
        for topic, expect in PUBLIC.items():
            published = self.published(topic)
            found += differing(topic.name, expect(log), published, closings(told))
        return found

    def wait_until_exact(self, seconds: float) -> None:
        """Every published row equals the brute-force one, within a time."""
        wait_until(lambda: not self.differences(), seconds, lambda: "\n".join(self.differences()[:5]))


def home_of_session(session: str) -> int:
    """The partition of `interactions` that a session's events are in."""
    return home_partition(INTERACTIONS, session)


def closings(told: History) -> dict[str, Closing]:
    """Of each session: whether it must and may be closed by now, when its row was read already."""
    now = time.time_ns() // 1_000_000
    return {session: told.closing(session, home_of_session(session), now) for session in told.sessions}


def differing(
    table: str,
    expected: Mapping[str, Row],
    published: Mapping[str, Row],
    closings: Mapping[str, Closing],
) -> list[str]:
    """A line for each row that is missing, too many, or not as expected.

    Sessions are expected open; whether each is rightly open or closed, `closings` tells.
    """
    return [
        f"{table} {key}: expected {expected.get(key)}, found {published.get(key)}"
        for key in sorted(expected.keys() | published.keys())
        if not _same(expected.get(key), published.get(key), closings.get(key))
    ]


def _same(expected: Row | None, found: Row | None, closing: Closing | None) -> bool:
    """Equal, but for the sketch's error, the last bit of a sum, and what time may have done to a session."""
    if expected is None or found is None:
        return expected is found
    if "closed" in expected:
        closed = bool(found["closed"])
        if closing is None or (closing.must and not closed) or (closed and not closing.may):
            return False
        expected = {**expected, "closed": closed, "revision": expected["revision"] + closed}
    return expected.keys() == found.keys() and all(
        _same_field(name, expected[name], found[name]) for name in expected
    )


def _same_field(name: str, expected: Any, found: Any) -> bool:
    if name == "unique_viewers":
        return bool(abs(expected - found) <= max(1, SKETCH_ERROR * expected))
    if isinstance(expected, float) and isinstance(found, float):
        return abs(expected - found) <= 1e-9 * max(1.0, abs(expected))
    return bool(expected == found)
