"""What must not go on does not, and its supervisor leaves it alone: the project's own, on real Kafka."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from ops.runtime.configuration import configuration
from ops.runtime.home import PROJECT, Home
from ops.runtime.ports import Ports
from ops.runtime.program import LOUD_STOP, Program
from ops.runtime.state import State
from ops.runtime.supervision import ProcessStatus, Supervisor
from schemas.topics import DEAD_LETTER, INTERACTIONS
from tests.interactions import interactions
from tests.services import ended_at_last, free_port, wait_until
from tests.stack import Stack
from tests.streams_pipeline import StreamsPipeline
from wire.codec import Decoder

pytestmark = [pytest.mark.integration, pytest.mark.long]

PATIENCE_S = 240.0


@pytest.fixture
def pipeline(stack: Stack, namespace: str, tmp_path: Path) -> Iterator[StreamsPipeline]:
    made = StreamsPipeline(stack.bootstrap, stack.registry_url, namespace, tmp_path)
    yield made
    made.close()


class Supervised:
    """One worker under supervisord, as `sillage up` runs it."""

    def __init__(self, supervisor: Supervisor, log: Path) -> None:
        self._supervisor = supervisor
        self._log = log

    def start(self) -> None:
        self._supervisor.start_process("streams")

    @property
    def status(self) -> ProcessStatus:
        return self._supervisor.processes()["streams"]

    def told(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def wait_until(self, holds: Callable[[ProcessStatus], bool]) -> None:
        wait_until(lambda: holds(self.status), PATIENCE_S, self.told)


def stopped_loudly(status: ProcessStatus) -> bool:
    """Whether it ended for good: a worker that is only between two starts has another exit code."""
    return not status.running and status.exit_code == LOUD_STOP


@contextmanager
def supervised(pipeline: StreamsPipeline, folder: Path, module: str) -> Iterator[Supervised]:
    home, state = Home(folder / "supervisor"), State.new(Ports.free())
    home.create()
    program = Program(
        name="streams",
        group="services",
        command=(sys.executable, "-m", module),
        directory=PROJECT,
        environment=pipeline.environment("supervised", "", free_port()),
        final_exits=(0, LOUD_STOP),
    )
    supervisor = Supervisor(home, state)
    supervisor.start(configuration(home, state, [program], owner=os.getpid()))
    try:
        yield Supervised(supervisor, home.log("streams"))
    finally:
        supervisor.shut_down()
        supervisor.reap()


def test_a_reducer_that_fails_on_every_third_event_stops_its_worker_for_good(
    pipeline: StreamsPipeline, tmp_path: Path
) -> None:
    pipeline.topic.put(interactions(seed=70, count=3_000, sessions=100))
    with supervised(pipeline, tmp_path, "tests.failing_worker") as worker:
        worker.start()
        worker.wait_until(stopped_loudly)
        assert worker.status.restarts == 0
        assert "failed in the reducer" in worker.told()
    written_off = _written_off(pipeline)
    assert len(written_off) <= 1_000 // 5
    mended = pipeline.worker("mended")
    with ended_at_last(mended):
        mended.start()  # the data waited: all that was not written off is applied
        wait_until(
            lambda: not pipeline.differences(lambda event: event["event_id"] not in written_off),
            PATIENCE_S,
            mended.tail,
        )


def _written_off(pipeline: StreamsPipeline) -> set[str]:
    """The ids of the events in dead letters."""
    decode = Decoder("interaction", pipeline.registry).decode
    letters = pipeline.values(DEAD_LETTER)
    assert {letter["reason"] for letter in letters} <= {"processor_error"}
    return {decode(letter["payload"])["event_id"] for letter in letters}


def test_records_deleted_under_a_worker_that_lags_stop_it_for_good(
    pipeline: StreamsPipeline, tmp_path: Path
) -> None:
    with supervised(pipeline, tmp_path, "stream_processors") as worker:
        worker.start()
        worker.wait_until(lambda _status: "took over" in worker.told())
        pid = worker.status.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            pipeline.topic.put(interactions(seed=71, count=4_000, sessions=200))
            _delete_all(pipeline)
        finally:
            os.kill(pid, signal.SIGCONT)
        # The consumer that lost its place may end the worker first; the fresh one then sees the hole.
        worker.wait_until(stopped_loudly)
        assert "rebuild them" in worker.told()
        advice = worker.told().count("rebuild them")
        worker.start()  # a person who did not read the advice
        worker.wait_until(
            lambda status: stopped_loudly(status) and worker.told().count("rebuild them") > advice
        )


def _delete_all(pipeline: StreamsPipeline) -> None:
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap})
    everything = [
        TopicPartition(pipeline.topic.name, number, -1) for number in range(INTERACTIONS.partitions)
    ]
    for deleted in admin.delete_records(everything).values():
        deleted.result(timeout=60)
