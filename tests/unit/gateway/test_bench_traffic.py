"""What `make bench-gateway` sends is good: a benchmark of refusals would measure something else."""

from pathlib import Path

import pytest

from bench.gateway.traffic import REQUESTS, write_requests
from tests.unit.gateway.in_memory import NOW, Gateway


@pytest.mark.parametrize("batch", REQUESTS)
def test_every_event_of_the_benchmarks_requests_is_accepted(batch: int, tmp_path: Path) -> None:
    requests = tmp_path / "requests"
    write_requests(requests, batch, NOW)
    gateway = Gateway()
    sent = requests.read_bytes().splitlines()[:30]
    for request in sent:
        agent, _, body = request.partition(b"\t")
        answered = gateway.send(body, {"origin": "https://shop.example", "user-agent": agent.decode()})
        assert answered.status == 200
        assert answered.json.get("count", 1) == batch
    assert len(gateway.published) == batch * len(sent)
