"""The command line as a whole."""

import pytest
from typer.testing import CliRunner

from ops.cli import MODULES, app


@pytest.mark.parametrize("name", MODULES)
def test_every_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"{name} [OPTIONS]" in shown.output


def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert all(name in shown.output for name in MODULES)


def test_a_misspelt_command_is_an_error() -> None:
    assert CliRunner().invoke(app, ["upp"]).exit_code == 2
