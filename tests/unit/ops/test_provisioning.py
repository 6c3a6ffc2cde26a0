"""What goes wrong between us and a server is explained in a line, not shown as a traceback."""

import pytest
from typer.testing import CliRunner

from ops import provision
from ops.cli import app
from tests.services import free_port


def test_topics_cannot_be_applied_where_no_kafka_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "ADMIN_TIMEOUT_S", 0.5)
    shown = CliRunner().invoke(app, ["topics", "apply", "--kafka", f"127.0.0.1:{free_port()}"])
    assert (shown.exit_code, type(shown.exception)) == (1, SystemExit)
    assert shown.stderr.startswith("Kafka: ")


def test_schemas_cannot_be_applied_where_no_registry_answers() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    shown = CliRunner().invoke(app, ["schemas", "apply", "--registry", url])
    assert (shown.exit_code, type(shown.exception)) == (1, SystemExit)
    assert shown.stderr.startswith(f"schema registry {url} cannot be reached")
