"""What a log line may hold."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from telemetry.logs import LogFormat, configure


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_never_shows_what_variables_held(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("test", log_format)

    def fails(secret_key: str) -> None:
        raise ValueError(f"a bug, not the {len(secret_key)} letters")

    try:
        fails("sk_live_" + "SECRET")
    except ValueError:
        structlog.get_logger().exception("request_failed")
        logging.getLogger("library").exception("also here")
    printed = capsys.readouterr().out
    assert "request_failed" in printed
    assert "a bug" in printed
    assert "sk_live_SECRET" not in printed
