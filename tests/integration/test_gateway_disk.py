"""A disk that takes only a part of what it is given: real short writes, and a gateway that goes on."""

import resource
from pathlib import Path

import pytest

from tests.integration.test_gateway_spool import IN_SPOOL, drained, go_on, in_topic, send, stopped
from tests.stack import Stack

pytestmark = pytest.mark.integration

LIMIT = 20_000
"""Bytes of a file: a few batches."""


def test_a_file_that_may_grow_no_more_costs_nothing_that_was_answered(
    stack: Stack, namespace: str, tmp_path: Path
) -> None:
    answered: set[str] = set()
    with stopped(stack, namespace, tmp_path) as gateway:
        hard = resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (LIMIT, hard))
        refused = 0
        while refused < 3:  # each time in the middle of a frame; then a new file is begun
            answer, ids = send(gateway, events=7)
            assert answer.status_code in (200, 503)
            if answer.status_code == 200:
                answered.update(ids)
            else:
                refused += 1
                assert answer.headers["retry-after"] == "1"
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        answer, ids = send(gateway)
        assert answer.status_code == 200
        answered.update(ids)
        assert gateway.figure(IN_SPOOL) >= len(answered)
        go_on(stack)
        drained(gateway)
        assert gateway.figure("sillage_gateway_spool_damaged") == 0
        assert answered <= set(in_topic(stack, namespace))
