"""Workers killed and frozen at each step of a flush and of a takeover, not at whatever they are doing.

Real Kafka: whether a half-written transaction is visible, and whom it refuses, is for Kafka to say.
Afterwards every published row equals the brute-force one.
"""

import signal
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Final

import httpx
import pytest

from stream_processors.errors import EXIT_RESTART
from tests.aimed_worker import MOMENTS, REACHED
from tests.interactions import interactions
from tests.live_reads import alive
from tests.services import Service, ended_at_last, wait_until
from tests.stack import Stack
from tests.standing import standing
from tests.streams_pipeline import StreamsPipeline

pytestmark = pytest.mark.integration

SESSION_TIMEOUT_MS: Final = 6_000
SETTLE_S: Final = 240.0
AGENTS: Final = ("session-agent", "perfume-agent")
DRAINING: Final = "draining"
LONG_INTERVAL_MS: Final = "10000"
SEEDS: Final = count(100)
"""All tests here share their topics."""


@pytest.fixture
def pipeline(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[StreamsPipeline]:
    made = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, tmp_path, SESSION_TIMEOUT_MS)
    yield made
    made.close()


def aimed(pipeline: StreamsPipeline, name: str, moment: str, agent: str, number: signal.Signals) -> Service:
    interval = {"SILLAGE_FLUSH_INTERVAL_MS": LONG_INTERVAL_MS} if moment == DRAINING else {}
    aim = f"{moment}@{agent}:{int(number)}"
    return pipeline.worker(name, module="tests.aimed_worker", TESTS_AIM=aim, **interval)


def put_some(pipeline: StreamsPipeline) -> None:
    """Events that nobody has seen: of others, agents would have nothing to write, and reach no moment."""
    pipeline.topic.put(interactions(next(SEEDS), count=500, sessions=60), retries=2)


def killed_at(pipeline: StreamsPipeline, moment: str, agent: str) -> None:
    """Workers with one name, one after the other, until one of them reached the moment and died of it."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        assert time.monotonic() < deadline, f"no worker reached {moment}"
        put_some(pipeline)
        worker = aimed(pipeline, "killed", moment, agent, signal.SIGKILL)
        with ended_at_last(worker):
            worker.launch()
            if moment == DRAINING:
                wait_until(lambda w=worker: reads(w, agent), SETTLE_S, worker.tail)  # type: ignore[misc]
                worker.signal(signal.SIGTERM)
            code = ended(pipeline, worker)
        if moment == DRAINING and code == 0:
            continue  # everything was flushed just before it was asked to end
        assert code == -signal.SIGKILL, worker.tail()
        assert f"{REACHED} {moment}" in worker.tail()
        return


def ended(pipeline: StreamsPipeline, worker: Service) -> int:
    """The exit code of a worker that is to end by itself; where it does not, what it could have read."""
    try:
        return worker.wait(SETTLE_S)
    except TimeoutExpired:
        left = standing(pipeline.bootstrap, pipeline.space)
        pytest.fail(f"it goes on for {SETTLE_S:.0f} s\n{left}\n{worker.tail()}")


def reads(worker: Service, agent: str) -> bool:
    """Whether a batch reached this agent: with a long interval, it is applied and not written."""
    try:
        metrics = httpx.get(f"{worker.url}/metrics", timeout=2, verify=False).text
    except httpx.TransportError:
        return False
    return any(
        line.startswith("sillage_streams_batches_total") and agent in line and float(line.split()[-1]) > 0
        for line in metrics.splitlines()
    )


def frozen_at(pipeline: StreamsPipeline, moment: str, agent: str) -> None:
    """A worker frozen at the moment, and its partitions another's before it goes on."""
    put_some(pipeline)
    frozen, heir = aimed(pipeline, "frozen", moment, agent, signal.SIGSTOP), pipeline.worker("heir")
    with ended_at_last(frozen, heir):
        frozen.launch()
        wait_until(lambda: frozen.frozen, SETTLE_S, frozen.tail)
        heir.start()
        put_some(pipeline)
        pipeline.wait_until_exact(SETTLE_S)
        frozen.signal(signal.SIGCONT)
        assert ended(pipeline, frozen) == EXIT_RESTART, frozen.tail()
        put_some(pipeline)
        # Woken while it fenced for its other agent, it may still have fenced the heir: that starts again.
        wait_until(lambda: alive(heir) and not pipeline.differences(), SETTLE_S, heir.tail)


def test_rows_stay_exact_when_workers_die_at_each_step_of_a_flush_and_of_a_takeover(
    pipeline: StreamsPipeline,
) -> None:
    """One after the other on the same rows, the two agents by turns; takeovers last, when there are rows."""
    for number, moment in enumerate(reversed(MOMENTS)):
        killed_at(pipeline, moment, AGENTS[number % 2])
    last = pipeline.worker("killed")
    with ended_at_last(last):
        last.start()
        pipeline.wait_until_exact(SETTLE_S)


def test_a_worker_frozen_between_offset_and_commit_completes_nothing_later(pipeline: StreamsPipeline) -> None:
    frozen_at(pipeline, "offsets", "session-agent")


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("agent", AGENTS)
def test_rows_stay_exact_whichever_agent_is_hit(pipeline: StreamsPipeline, agent: str) -> None:
    for moment in MOMENTS:
        killed_at(pipeline, moment, agent)
        if moment != DRAINING:
            frozen_at(pipeline, moment, agent)
