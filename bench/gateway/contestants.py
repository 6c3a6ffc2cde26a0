"""The programs that are measured, how each is built and started, and what it does."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.gateway.errors import BuildFailed
from ops.runtime.home import PROJECT
from schemas.catalogue import CATALOGUE

BUILT: Final = PROJECT / ".sillage" / "bench" / "gateway"
LOAD_TOOL: Final = BUILT / "load"
GO_FRANZ: Final = BUILT / "go-franz"
CATALOGUE_FILE: Final = BUILT / "catalogue.json"
SOURCES: Final = {
    LOAD_TOOL: PROJECT / "bench" / "gateway" / "load",
    GO_FRANZ: PROJECT / "bench" / "peers" / "go_franz",
}


@dataclass(frozen=True, slots=True)
class Contestant:
    """A gateway, run as one process."""

    name: str
    work: str
    command: tuple[str, ...]


NAIVE: Final = Contestant(
    "fastapi-naive",
    "plain FastAPI: models, fastavro, a future for each message",
    (sys.executable, "-m", "bench.peers.fastapi_naive"),
)
OURS: Final = Contestant(
    "sillage", "our gateway as it runs, every protection on", (sys.executable, "-m", "ingest_gateway")
)
LIMIT: Final = Contestant("go-franz", "a bare Go net/http handler on franz-go", (str(GO_FRANZ),))
FLOOR: Final = Contestant(
    "bare-asgi",
    "uvicorn and librdkafka with nothing between them: prepared records, no look at the body",
    (sys.executable, "-m", "bench.peers.bare_asgi"),
)
CONTESTANTS: Final = (OURS, NAIVE, LIMIT, FLOOR)


def build() -> None:
    """Let Go build the load tool and the Go peer; quick when nothing changed. Raises BuildFailed."""
    BUILT.mkdir(parents=True, exist_ok=True)
    for program, source in SOURCES.items():
        _build(program, source)
    rows = {name: asdict(row) for name, row in CATALOGUE.items()}
    CATALOGUE_FILE.write_text(json.dumps(rows))


def _build(program: Path, source: Path) -> None:
    try:
        done = subprocess.run(
            ["go", "build", "-o", str(program), "."],
            cwd=source,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise BuildFailed("go is not installed: https://go.dev/dl/ (1.26 or newer)") from None
    if done.returncode != 0:
        raise BuildFailed(f"Go could not build {source}; it said:\n{done.stderr[-2_000:]}")
