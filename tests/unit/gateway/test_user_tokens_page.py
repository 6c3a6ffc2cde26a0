"""What docs/user-tokens.md shows to those who build the site makes tokens that the gateway believes."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ingest_gateway.user_tokens import TokenKey, TokenRules, UserTokens
from tests.unit.gateway.signed import PRIVATE, PUBLIC_PEM

PAGE = (Path(__file__).parents[3] / "docs" / "user-tokens.md").read_text("utf-8")
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


@pytest.fixture
def users() -> UserTokens:
    return UserTokens(TokenRules([TokenKey.ed25519(PUBLIC_PEM)]))


def snippet(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_python_snippet_makes_a_token_that_is_believed(users: UserTokens) -> None:
    scope: dict[str, Any] = {}
    exec(compile(snippet("python"), "docs/user-tokens.md", "exec"), scope)
    assert users.user_of(scope["user_token"]("u-42", PEM)) == "u-42"


@pytest.mark.skipif(shutil.which("node") is None, reason="the snippet is for Node")
def test_the_node_snippet_makes_a_token_that_is_believed(users: UserTokens, tmp_path: Path) -> None:
    program = tmp_path / "token.mjs"
    program.write_text(snippet("js") + f"\nprocess.stdout.write(userToken('u-\u00e9', {PEM!r}));\n", "utf-8")
    made = subprocess.run(["node", str(program)], capture_output=True, text=True, timeout=120, check=True)
    assert users.user_of(made.stdout) == "u-\u00e9"
