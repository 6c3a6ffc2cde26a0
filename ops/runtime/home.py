"""The folder of an instance: everything it writes lies below it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.runtime.errors import AlreadyStarting, UnusableHome

PROJECT = Path(__file__).resolve().parents[2]
"""The clone this command was installed from."""

DEVELOPMENT_HOME = PROJECT / ".sillage" / "dev"
DISTRIBUTIONS = PROJECT / ".sillage" / "dist"
NATIVE = PROJECT / "deploy" / "native"

_UNSAFE = frozenset("\"'\n\r;#,")


class Home:
    """Where things are in an instance folder."""

    def __init__(self, root: Path) -> None:
        """Raises UnusableHome for a path the supervisor's configuration could not quote."""
        self.root = root.expanduser().resolve()
        if unsafe := _UNSAFE & set(str(self.root)):
            raise UnusableHome(
                f"the folder {self.root} cannot be used because of {' '.join(map(repr, sorted(unsafe)))}"
                " in its name: move the clone, or give another folder with --home"
            )
        self.state = self.root / "state.json"
        self.logs = self.root / "logs"
        self.kafka = self.root / "kafka"
        self.registry = self.root / "registry"
        self.postgres = self.root / "postgres"
        self.streams = self.root / "streams"
        self.spool = self.root / "spool"
        self.supervisor_configuration = self.root / "supervisord.ini"
        self.supervisor_log = self.logs / "supervisord.log"

    def create(self) -> None:
        """Make the folders; harmless when they are there."""
        for folder in (self.logs, self.kafka, self.registry, self.postgres, self.streams, self.spool):
            folder.mkdir(parents=True, exist_ok=True)

    def log(self, process: str) -> Path:
        """The log file of a supervised process."""
        return self.logs / f"{process}.log"

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held while the instance is brought up; raises AlreadyStarting if somebody else holds it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "starting.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyStarting(
                    f"another `sillage up` is starting the instance in {self.root}:"
                    " wait for it, or end it first"
                ) from None
            yield


def tail(path: Path, lines: int = 25) -> str:
    """The last lines of a log file; empty if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - 64 * 1024))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
