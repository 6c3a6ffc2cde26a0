"""A worker that is cut off from Kafka while it runs on: it answers with nothing rather than with old rows.

A real broker and a link that is cut: whether partitions are another's by then is for Kafka to say.
"""

from pathlib import Path
from typing import Final

import pytest

from ops.provision import apply_topics
from schemas.topics import Namespace
from stream_processors.errors import EXIT_RESTART
from tests.brokers import broker_behind_a_link
from tests.interactions import interactions
from tests.live_reads import alive, asking, expected_answers, wrong_answers
from tests.services import ended_at_last, wait_until
from tests.stack import Stack
from tests.streams_pipeline import StreamsPipeline
from wire.clients import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.long]

SESSION_TIMEOUT_MS: Final = 6_000
SETTLE_S: Final = 240.0


@pytest.mark.timeout(900)
def test_a_worker_cut_off_for_longer_than_its_session_shows_nothing_stale(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    """The registry is the stack's own: it is not what is cut off."""
    with broker_behind_a_link(tmp_path) as (direct, by_link, link):
        apply_topics(Cluster(direct), Namespace(namespace))
        pipeline = StreamsPipeline(direct, stack.registry_url, namespace, tmp_path, SESSION_TIMEOUT_MS)
        cut_off = pipeline.worker("cut-off", SILLAGE_KAFKA_BOOTSTRAP=by_link)
        successor = pipeline.worker("successor")
        with ended_at_last(cut_off, successor):
            cut_off.start()
            pipeline.topic.put(interactions(seed=62, count=400, sessions=30))
            pipeline.wait_until_exact(SETTLE_S)
            before = expected_answers(pipeline)
            wait_until(lambda: not wrong_answers(cut_off, before), SETTLE_S, cut_off.tail)
            link.cut()
            wait_until(lambda: not cut_off.ready(), SETTLE_S, lambda: "it believes to own what it had")
            successor.start()
            pipeline.topic.put(interactions(seed=63, count=400, sessions=30))
            pipeline.wait_until_exact(SETTLE_S)
            with asking([cut_off, successor], expected_answers(pipeline)) as wrong:
                link.mend()
                assert cut_off.wait(SETTLE_S) == EXIT_RESTART, cut_off.tail()
                wait_until(lambda: alive(cut_off), SETTLE_S, cut_off.tail)
            assert wrong == []
        pipeline.close()
