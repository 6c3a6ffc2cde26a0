"""What several modules of the sink's tests stand on; each module has topics, rows and a sink of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.sink_rig import Rows, Sink, Topics, free_port
from tests.stack import Stack


@pytest.fixture(scope="module")
def topics(stack: Stack, namespace: str) -> Topics:
    return Topics(stack, namespace)


@pytest.fixture(scope="module")
def rows(database: str) -> Iterator[Rows]:
    tables = Rows(database)
    yield tables
    tables.close()


@pytest.fixture(scope="module")
def sink(
    stack: Stack, namespace: str, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sink]:
    """One running sink for the whole module; it must survive everything that is thrown at it there."""
    log = tmp_path_factory.mktemp("sink") / "log"
    process = Sink(stack, namespace, database, log, free_port()).start().wait_ready()
    yield process
    assert process.stop() == 0, log.read_text()
