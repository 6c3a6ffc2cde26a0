"""Keys from the command line: shown once, digested from standard input."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest_gateway.user_tokens import TokenKey, TokenRules, UserTokens
from ops.cli import app
from ops.runtime.ports import Ports
from ops.runtime.state import State
from schemas.api_keys import digest_of


@pytest.mark.parametrize(("kind", "prefix"), [("secret", "sk_live_"), ("publishable", "pk_live_")])
def test_a_new_key_comes_with_its_digest(kind: str, prefix: str) -> None:
    made = CliRunner().invoke(app, ["keys", "new", kind, "--label", "live", "--json"])
    shown = json.loads(made.stdout)
    assert shown["key"].startswith(prefix)
    assert shown["digest"] == digest_of(shown["key"])


def test_the_digest_of_a_key_at_hand_can_be_made() -> None:
    key = "sk_" + "0123456789abcdef" * 3
    assert CliRunner().invoke(app, ["keys", "hash"], input=f"{key}\n").stdout.strip() == digest_of(key)


def test_a_weak_key_is_refused() -> None:
    assert CliRunner().invoke(app, ["keys", "hash"], input="password\n").exit_code == 1


def test_people_are_told_where_the_digest_goes() -> None:
    assert "SILLAGE_SECRET_KEYS" in CliRunner().invoke(app, ["keys", "new", "secret"]).output


def test_a_user_token_for_the_local_instance_is_believed_there(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["keys", "token", "u-1", "--home", str(tmp_path)]).exit_code == 3
    state = State.new(Ports.from_base())
    state.save(tmp_path / "state.json")
    made = CliRunner().invoke(app, ["keys", "token", "u-1", "--home", str(tmp_path)]).stdout.strip()
    assert UserTokens(TokenRules([TokenKey.hs256(state.token_secret)])).user_of(made) == "u-1"
