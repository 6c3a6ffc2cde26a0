"""A replicated cluster loses one broker after another under the workers, and no row is wrong.

Three real brokers: which of them leads, coordinates groups and transactions, and what its loss does to a
transaction under way, is Kafka's own affair.
"""

from pathlib import Path
from signal import Signals

import pytest

from ops.provision import PRODUCTION, apply_topics
from schemas.topics import TOPICS, Namespace
from tests.brokers import NODES, three_brokers
from tests.chaos.fleet import Fleet
from tests.chaos.progress import Progress
from tests.interactions import interactions
from tests.stack import Stack
from tests.streams_pipeline import StreamsPipeline
from wire.clients import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.long]

SETTLE_S = 300.0


@pytest.mark.timeout(1_800)
def test_rows_stay_exact_when_each_of_three_brokers_is_killed_in_turn(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    """The registry is the stack's own: it is not what is tested here."""
    space = Namespace(namespace)
    with three_brokers(tmp_path) as brokers:
        apply_topics(Cluster(brokers.bootstrap), space, PRODUCTION)
        pipeline = StreamsPipeline(brokers.bootstrap, stack.registry_url, namespace, tmp_path)
        progress, fleet = Progress(brokers.bootstrap, space), Fleet(pipeline.worker)
        try:
            fleet.add("first")
            fleet.add("second")
            for node in NODES:
                applied = progress.applied() or 0
                pipeline.topic.put(interactions(seed=80 + node, count=4_000, sessions=300))
                progress.wait_beyond(applied)
                brokers.kill(node)
                fleet.signal("second", Signals.SIGKILL)  # so that somebody takes over on two brokers
                pipeline.topic.put(interactions(seed=90 + node, count=4_000, sessions=300))
                progress.wait_done()
                brokers.start(node)
                brokers.wait_for(len(NODES))
                brokers.wait_in_sync({space.topic(topic) for topic in TOPICS})
            pipeline.wait_until_exact(SETTLE_S)
            print(f"ends of workers: {fleet.exits}")  # noqa: T201 - for adr/0002, with pytest -s
            assert fleet.loud_stops == []
        finally:
            fleet.end()
            pipeline.close()
