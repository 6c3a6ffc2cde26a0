"""What a refused request leaves in the log: one line at most, and nothing that a client wrote."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.unit.gateway.in_memory import FROM_SHOP, Gateway, batch, page_view, single

_FIELDS = {"event", "log_level", "status", "reason", "rejected", "accepted", "request_id"}
_MARK = "Zz9\x1b[31m\n"


@settings(max_examples=60)
@given(st.sampled_from(["eventType", "path", "eventId", "timestamp", "userId", "perfumeId", "duration"]))
def test_a_line_holds_nothing_that_the_client_wrote(field: str) -> None:
    hostile = page_view(**{field: _MARK * 60})
    headers = FROM_SHOP | {"user-agent": "Zz9", "referer": "Zz9", "cookie": "a=Zz9"}
    for body in (batch(hostile, page_view()), batch(hostile), single() | {"key": _MARK}, _MARK.encode()):
        with capture_logs() as lines:
            Gateway().send(body, headers)
        assert len(lines) <= 1
        for line in lines:
            assert line.keys() <= _FIELDS
            assert "Zz9" not in json.dumps(line, default=str)


@pytest.mark.parametrize("headers", [{"sec-gpc": "1"}, {"dnt": "1"}])
def test_who_said_no_is_not_logged_either(headers: dict[str, str]) -> None:
    with capture_logs() as lines:
        Gateway().send(b"nonsense", FROM_SHOP | headers)
    assert lines == []


def test_of_a_flood_some_lines_are_written_and_the_rest_counted() -> None:
    gateway = Gateway()
    with capture_logs() as lines:
        for _ in range(150):
            gateway.send(b"nonsense")
    assert len(lines) == 100
    gateway.now += 10.0
    with capture_logs() as lines:
        gateway.send(b"nonsense")
    assert lines[0]["left_out"] == 50
