"""From an HTTP request to PostgreSQL and the live table, as a user of the site's data sees it."""

import json
import os
import re
import signal
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.e2e.conftest import Running
from tests.services import wait_until

pytestmark = pytest.mark.e2e

ARRIVES_S = 180.0
EVENTS = "SELECT event_type, perfume_id, duration, event_data FROM interaction_events WHERE session_id = %s"


def stored(pipeline: Running, session: str, count: int = 1) -> list[tuple[Any, ...]]:
    """The session's rows in PostgreSQL, once there are this many."""
    wait_until(
        lambda: len(pipeline.rows(EVENTS, session)) >= count,
        ARRIVES_S,
        lambda: f"PostgreSQL has {pipeline.rows(EVENTS, session)} after {ARRIVES_S} s",
    )
    return pipeline.rows(EVENTS, session)


def test_a_page_view_is_tracked(pipeline: Running) -> None:
    event = {"eventType": "PAGE_VIEW", "eventCategory": "VIEW", "path": "/perfume/test"}
    answer = pipeline.post({"sessionId": "seed-page", "event": event})
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["eventId"]
    assert [row[0] for row in stored(pipeline, "seed-page")] == ["PAGE_VIEW"]


def test_a_perfume_view_is_tracked_with_its_metadata_and_duration(pipeline: Running) -> None:
    event = {
        "eventType": "PERFUME_VIEW",
        "eventCategory": "VIEW",
        "path": "/perfume/test",
        "perfumeId": "perfume-123",
        "eventData": {"source": "search"},
        "duration": 5000,
    }
    assert pipeline.post({"sessionId": "seed-perfume", "event": event}).status_code == 200
    assert stored(pipeline, "seed-perfume") == [("PERFUME_VIEW", "perfume-123", 5000, {"source": "search"})]


def test_an_invalid_category_is_refused_and_nothing_is_stored(pipeline: Running) -> None:
    bad = {"eventType": "PAGE_VIEW", "eventCategory": "INVALID", "path": "/test"}
    refused = pipeline.post({"sessionId": "seed-invalid", "event": bad})
    assert refused.status_code == 400
    assert refused.json()["success"] is False
    good = {"eventType": "PAGE_VIEW", "path": "/afterwards"}
    assert pipeline.post({"sessionId": "seed-afterwards", "event": good}).status_code == 200
    stored(pipeline, "seed-afterwards")
    assert pipeline.rows(EVENTS, "seed-invalid") == []


def test_a_batch_becomes_one_live_session_with_its_figures(pipeline: Running) -> None:
    events = [
        {"eventType": "PAGE_VIEW", "path": "/"},
        {"eventType": "PERFUME_VIEW", "path": "/perfume/iris", "perfumeId": "iris"},
        {"eventType": "WISHLIST_ADD", "path": "/perfume/iris", "perfumeId": "iris"},
    ]
    answer = pipeline.post({"sessionId": "batch-1", "events": events})
    assert answer.json() == {"success": True, "count": 3}
    stored(pipeline, "batch-1", count=3)
    wait_until(
        lambda: pipeline.live("/live/sessions/batch-1").status_code == 200, ARRIVES_S, lambda: "not live"
    )
    live = pipeline.live("/live/sessions/batch-1").json()
    assert (live["events"], live["page_views"], live["interactions"]) == (3, 2, 1)
    assert live["perfume_ids"] == ["iris"]
    assert live["added_to_wishlist"] is True
    row = "SELECT events, page_views, perfume_ids FROM user_sessions WHERE session_id = 'batch-1'"
    wait_until(lambda: pipeline.rows(row) == [(3, 2, ["iris"])], ARRIVES_S, lambda: str(pipeline.rows(row)))


def test_sending_the_same_request_again_changes_nothing(pipeline: Running) -> None:
    event = {"eventId": "0190b2f0-0000-7000-8000-0000000000aa", "eventType": "PAGE_VIEW", "path": "/"}
    for _ in range(3):
        assert pipeline.post({"sessionId": "again", "event": event}).status_code == 200
    marker = {"eventType": "PAGE_VIEW", "path": "/marker"}
    assert pipeline.post({"sessionId": "again", "event": marker}).status_code == 200
    assert len(stored(pipeline, "again", count=2)) == 2
    wait_until(lambda: _events(pipeline, "again") == 2, ARRIVES_S, lambda: str(_events(pipeline, "again")))


def _events(pipeline: Running, session: str) -> int:
    answer = pipeline.live(f"/live/sessions/{session}")
    return int(answer.json()["events"]) if answer.status_code == 200 else 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"event": 1}', b'{"events": []}'])
def test_a_body_that_is_no_event_gets_a_reason_and_stops_nothing(pipeline: Running, body: bytes) -> None:
    answer = pipeline.post(body)
    assert answer.status_code == 400
    assert answer.json()["reason"]
    assert pipeline.post({"sessionId": "fine", "event": {"eventType": "PAGE_VIEW", "path": "/"}}).is_success


def test_the_demo_counts_agree_while_every_service_is_killed_once(pipeline: Running) -> None:
    result: dict[str, Any] = {}

    def run() -> None:
        done = pipeline.command("demo", "--run", "killed", "--events", "20000", "--json")
        result.update(json.loads(done.stdout), exit_code=done.returncode)

    def arrived() -> int:
        ((rows,),) = pipeline.rows(
            "SELECT count(*) FROM interaction_events WHERE session_id LIKE 'killed-%%'"
        )
        return int(rows)

    before = pipeline.pids()
    sending = Thread(target=run)
    sending.start()
    wait_until(lambda: arrived() > 0, ARRIVES_S, lambda: "nothing arrives")
    arrived_at_kill = []
    for name in ("gateway", "streams", "sink"):
        arrived_at_kill.append(arrived())
        os.kill(before[name], signal.SIGKILL)
        time.sleep(0.5)
    sending.join()
    assert result["exit_code"] == 0, result
    assert result["agrees"] is True
    assert result["sent_again"] > 0, "the gateway was killed while it was being sent to"
    assert max(arrived_at_kill) < result["accepted"], "each was killed with work ahead of it"
    assert result["accepted"] == result["distinct_raw_rows"] == result["raw_rows"] > 19_000
    assert result["human_rows"] == result["events_in_sessions"]
    after = pipeline.pids()
    assert all(after[name] != before[name] for name in ("gateway", "streams", "sink")), "started again"


def test_a_worker_that_has_caught_up_shows_no_lag_and_is_alive(pipeline: Running) -> None:
    wait_until(lambda: _lags(pipeline) == {"0.0"}, ARRIVES_S, lambda: str(_lags(pipeline)))
    assert pipeline.live("/healthz").status_code == 200


def _lags(pipeline: Running) -> set[str]:
    """The values of all partitions of both agents, once each has told them."""
    told = re.findall(r"^sillage_streams_lag{.*} (.+)$", pipeline.live("/metrics").text, re.MULTILINE)
    return set(told) if len(told) == 16 else set()


def test_status_tells_other_programs_all_they_need(pipeline: Running) -> None:
    told = pipeline.status
    needed = {
        "gateway",
        "live",
        "database",
        "kafka",
        "registry",
        "origin",
        "publishable_key",
        "secret_key",
        "processes",
    }
    assert needed <= told.keys()
    assert told["running"] is True
    assert {process["state"] for process in told["processes"].values()} == {"RUNNING"}


def test_down_leaves_no_process_and_up_finds_the_data_again(pipeline: Running) -> None:
    before = pipeline.rows("SELECT count(*) FROM interaction_events")
    pids = [process["pid"] for process in pipeline.status["processes"].values()]
    assert pipeline.command("down").returncode == 0
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists() and _ours(pid, pipeline.home)] == []
    up = pipeline.command("up", "--detach")
    assert up.returncode == 0, up.stdout + up.stderr
    assert pipeline.rows("SELECT count(*) FROM interaction_events") == before
    wait_until(lambda: _events(pipeline, "batch-1") == 3, ARRIVES_S, lambda: "the live session is gone")


def _ours(pid: int, home: Path) -> bool:
    """Whether a process id is still a process of this instance, and not another's by now."""
    try:
        return str(home) in Path(f"/proc/{pid}/cmdline").read_text() or os.readlink(
            f"/proc/{pid}/cwd"
        ) == str(home)
    except OSError:
        return False
