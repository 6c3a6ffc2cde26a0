"""One run: start a program on a filled topic, watch from outside until all is committed, stop it."""

import time
from collections.abc import Mapping
from pathlib import Path

import psutil
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from bench.process import cpu_seconds
from bench.streams.contestants import FLUSH_INTERVAL_MS, Contestant
from bench.streams.errors import ProgramFailed
from bench.streams.samples import Sample
from ops.runtime.home import tail
from ops.runtime.ports import Ports
from schemas.api_keys import digest_of
from schemas.topics import INTERACTIONS, PERFUME_ACTIVITY, SESSIONS, Namespace
from wire.clients import ERRORS_ONLY, Cluster

EVERY_S = 0.05
NO_PROGRESS_S = 90.0
QUIET_S = 2.0
ANSWER_S = 10.0

_NOT_YET = frozenset(
    {
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.GROUP_ID_NOT_FOUND,
    }
)


def environment(
    cluster: Cluster, registry_url: str, space: Namespace, schema_ids: Mapping[str, int], folder: Path
) -> Mapping[str, str]:
    """What every program is told: our services' settings, and for the Java program the schema ids."""
    return {
        "SILLAGE_KAFKA_BOOTSTRAP": cluster.bootstrap,
        "SILLAGE_REGISTRY_URL": registry_url,
        "SILLAGE_NAMESPACE": space.prefix,
        "SILLAGE_SECRET_KEYS": digest_of("sk_bench"),
        "SILLAGE_LIVE_PORT": str(Ports.free().live),
        "SILLAGE_FLUSH_INTERVAL_MS": str(FLUSH_INTERVAL_MS),
        "SILLAGE_STREAMS_DATA_DIR": str(folder),
        "BENCH_INTERACTION_ID": str(schema_ids[space.subject(INTERACTIONS)]),
        "BENCH_SESSION_ID": str(schema_ids[space.subject(SESSIONS)]),
        "BENCH_ACTIVITY_ID": str(schema_ids[space.subject(PERFUME_ACTIVITY)]),
    }


class Watcher:
    """Looks at a program's committed offsets and CPU time until it is done."""

    def __init__(self, cluster: Cluster, space: Namespace, contestant: Contestant, events: int) -> None:
        self._admin = AdminClient({**cluster.base("bench-watch"), "log_level": ERRORS_ONLY})
        self._contestant = contestant
        self._events = events
        self._asked = [
            ConsumerGroupTopicPartitions(
                space.group(group),
                [TopicPartition(space.topic(topic), number) for number in range(topic.partitions)],
            )
            for group, topic in contestant.sources.items()
        ]

    def watch(self, process: psutil.Popen, log: Path) -> list[Sample]:
        """A sample for each commit seen. Raises ProgramFailed where it ended or stands still.

        Done is: every event committed and, where there is a second source, nothing more committed for two
        seconds (its end offset also counts transaction markers, so it cannot be told from offsets alone).
        """
        samples = [Sample(time.monotonic(), 0, 0.0)]
        while True:
            time.sleep(EVERY_S)
            if process.poll() is not None:
                raise ProgramFailed(f"{self._contestant.name} ended; its log:\n{tail(log)}")
            first, *others = [self._committed(asked) for asked in self._asked]
            now, used = time.monotonic(), cpu_seconds(process)
            committed = first + sum(others)
            if committed != samples[-1].committed:
                samples.append(Sample(now, committed, used))
            quiet_for = now - samples[-1].at
            if first == self._events and (not others or quiet_for > QUIET_S):
                return samples[1:]
            if quiet_for > NO_PROGRESS_S:
                raise ProgramFailed(
                    f"{self._contestant.name} committed nothing for {NO_PROGRESS_S:.0f} s, at {first:,} of"
                    f" {self._events:,} events; its log:\n{tail(log)}"
                )

    def _committed(self, asked: ConsumerGroupTopicPartitions) -> int:
        """The sum over a group's partitions; 0 as long as there is no such group."""
        try:
            (answer,) = self._admin.list_consumer_group_offsets([asked], request_timeout=ANSWER_S).values()
            offsets = answer.result(ANSWER_S).topic_partitions or []
        except KafkaException as error:
            if error.args[0].code() in _NOT_YET:
                return 0
            raise
        return sum(max(0, found.offset) for found in offsets)
