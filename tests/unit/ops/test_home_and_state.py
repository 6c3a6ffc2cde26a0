"""What an instance keeps in its folder."""

import json
import stat
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.runtime.errors import AlreadyStarting, UnusableHome
from ops.runtime.home import Home, tail
from ops.runtime.ports import Ports
from ops.runtime.state import State
from schemas.api_keys import digest_of


def test_credentials_survive_a_restart_and_are_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    state = State.new(Ports.from_base())
    state.save(file)
    assert State.load(file) == state
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_instance_has_credentials_of_its_own() -> None:
    one, other = State.new(Ports.from_base()), State.new(Ports.from_base())
    assert one.publishable_key.startswith("pk_dev_")
    assert one.secret_key.startswith("sk_dev_")
    assert not {one.secret_key, one.postgres_password} & {other.secret_key, other.postgres_password}


def test_the_secret_of_user_tokens_tells_nothing_about_the_secret_key() -> None:
    state = State.new(Ports.from_base())
    assert len(state.token_secret) == 64
    assert state.secret_key not in state.token_secret
    assert digest_of(state.secret_key) != f"sha256:{state.token_secret}"


def test_nothing_kept_is_no_state(tmp_path: Path) -> None:
    assert State.load(tmp_path / "state.json") is None


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"ports": {}}'])
def test_a_broken_state_file_says_which_file_and_what_to_do(tmp_path: Path, content: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    with pytest.raises(UnusableHome, match=r"state\.json is not readable.*sillage down"):
        State.load(file)


def test_before_the_first_start_no_credentials_are_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["status", "--json", "--home", str(tmp_path)])
    assert told.exit_code == 3
    status = json.loads(told.stdout)
    assert (status["running"], status["home"]) == (False, str(tmp_path))
    assert status["ports"] == asdict(Ports.from_base())
    assert status["gateway"] == f"http://127.0.0.1:{Ports.from_base().gateway}"
    assert {status[name] for name in ("database", "publishable_key", "secret_key", "token_secret")} == {None}


def test_after_it_they_are_told_whether_it_runs_or_not(tmp_path: Path) -> None:
    state = State.new(Ports.free())
    state.save(tmp_path / "state.json")
    told = CliRunner().invoke(app, ["status", "--json", "--home", str(tmp_path)])
    assert json.loads(told.stdout)["secret_key"] == state.secret_key
    assert json.loads(told.stdout)["token_secret"] == state.token_secret


def test_a_folder_the_supervisor_could_not_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableHome, match="another folder"):
        Home(tmp_path / "a;b")


def test_two_starts_of_one_instance_do_not_meet(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.starting(), pytest.raises(AlreadyStarting), Home(tmp_path).starting():
        pytest.fail("let in")
    with home.starting():
        pass


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_text("".join(f"line {number}\n" for number in range(20_000)))
    assert tail(log, 2) == "line 19998\nline 19999"
    assert tail(tmp_path / "none.log") == ""
