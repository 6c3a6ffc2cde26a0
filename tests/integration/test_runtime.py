"""`sillage up` and its companions, on an instance of their own: real servers, real services, real crashes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from ops.runtime import Instance, Ports, orphans
from ops.runtime.home import Home
from ops.runtime.state import State

pytestmark = pytest.mark.integration

SILLAGE = str(Path(sys.executable).with_name("sillage"))


def _sillage(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command; what it starts ends with this test run, even a killed one."""
    return subprocess.run(
        [SILLAGE, *arguments, "--home", str(home)],
        env=os.environ | {"SILLAGE_OWNER_PID": str(os.getpid())},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _eventually(holds: Callable[[], bool], seconds: float = 180) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running instance, in a folder that only its owner may enter."""
    folder = tmp_path_factory.mktemp("instance") / "home"
    up = _sillage(folder, "up", "--detach", "--ports", "auto")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        yield folder
    finally:
        _sillage(folder, "down")


def test_other_programs_learn_where_everything_is(home: Path) -> None:
    told = _sillage(home, "status", "--json")
    assert told.returncode == 0
    status = json.loads(told.stdout)
    assert status["running"] is True
    assert set(status["processes"]) == {"kafka", "registry", "postgres", "gateway", "streams", "sink"}
    assert all(process["state"] == "RUNNING" for process in status["processes"].values())
    for service in ("gateway", "live", "sink"):
        assert _answers(f"{status[service]}/readyz")


def test_what_a_test_run_starts_is_guarded(home: Path) -> None:
    """That the guard does its work, the last test of this file shows."""
    assert f"ops.runtime.guard {os.getpid()}" in (home / "supervisord.ini").read_text()


def test_a_second_up_finds_the_first(home: Path) -> None:
    before = Instance(home).pid("kafka")
    again = _sillage(home, "up", "--detach")
    assert again.returncode == 0
    assert "Already running" in again.stdout
    assert Instance(home).pid("kafka") == before


@pytest.mark.parametrize("name", ["gateway", "postgres"])
def test_a_killed_process_is_started_again(home: Path, name: str) -> None:
    before = json.loads(_sillage(home, "status", "--json").stdout)["processes"][name]
    os.kill(before["pid"], signal.SIGKILL)

    def started_again() -> bool:
        now = Instance(home).processes()[name]
        return now.running and now.pid != before["pid"] and now.restarts > before["restarts"]

    assert _eventually(started_again)
    assert _eventually(lambda: _answers(f"{Instance(home).status().as_object()['gateway']}/readyz"))


def test_logs_are_shown_under_the_names_of_their_processes(home: Path) -> None:
    shown = _sillage(home, "logs", "kafka", "--lines", "50")
    assert shown.returncode == 0
    assert "kafka    │" in shown.stdout
    assert "Kafka Server started" in shown.stdout
    assert "postgres │" not in shown.stdout


def test_down_ends_what_a_killed_supervisor_left_behind(home: Path) -> None:
    os.kill(int((home / "supervisord.pid").read_text()), signal.SIGKILL)
    assert _sillage(home, "status").returncode == 3
    # Those that write a log line now may end of themselves: its reader is gone. The servers stay.
    assert len(orphans.find(home)) >= 3
    assert _sillage(home, "down").returncode == 0
    assert orphans.find(home) == []


def test_a_port_in_use_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    ports = Ports.free()
    State.new(ports).save(tmp_path / "state.json")
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.postgres))
        other.listen()
        refused = _sillage(tmp_path, "up", "--detach")
    assert refused.returncode == 1
    assert f"port {ports.postgres} (postgres) is in use" in refused.stdout
    assert orphans.find(tmp_path) == []


def test_a_server_that_cannot_start_shows_its_log_and_everything_is_stopped(tmp_path: Path) -> None:
    data = Home(tmp_path).kafka / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\ncluster.id=somebody-elses\nnode.id=99\n")
    failed = _sillage(tmp_path, "up", "--detach", "--ports", "auto")
    assert failed.returncode == 1
    assert "kafka ended" in failed.stdout
    assert "99" in failed.stdout.partition("The end of its log")[2]
    assert orphans.find(tmp_path) == []


def test_a_database_of_a_later_version_is_explained_and_everything_is_stopped(tmp_path: Path) -> None:
    instance = Instance(tmp_path, ports=Ports.free(), durable=False, owner=os.getpid())
    try:
        instance.start_servers()
        with psycopg.connect(instance.database_url) as database:
            database.execute("CREATE TABLE alembic_version (version_num text)")
            database.execute("INSERT INTO alembic_version VALUES ('r9999')")
    finally:
        instance.stop()
    refused = _sillage(tmp_path, "up", "--detach")
    assert refused.returncode == 1
    assert "r9999" in refused.stdout
    assert "Everything was stopped" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert orphans.find(tmp_path) == []


def test_servers_end_with_the_process_they_belong_to(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time; from pathlib import Path; from ops.runtime import Instance, Ports\n"
            "instance = Instance(Path(sys.argv[1]), ports=Ports.free(), durable=False, owner=os.getpid())\n"
            "instance.start_servers(); time.sleep(600)",
            str(tmp_path),
        ]
    )
    try:
        assert _eventually(lambda: len(Instance(tmp_path).processes()) == 6)
    finally:
        owner.kill()
        owner.wait()
    assert _eventually(lambda: orphans.find(tmp_path) == [])
    assert not psutil.pid_exists(owner.pid)
