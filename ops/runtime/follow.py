"""The logs of all processes as one stream, and what became of the processes meanwhile."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ops.runtime.home import Home
from ops.runtime.instance import Instance
from ops.runtime.program import LOUD_STOP, SERVERS, SERVICES, kind_of
from ops.runtime.supervision import ProcessStatus

POLL_S = 0.2
COLOURS: Mapping[str, str] = {
    "gateway": "cyan",
    "streams": "magenta",
    "sink": "green",
    "kafka": "blue",
    "registry": "yellow",
    "postgres": "bright_black",
}
_SERIOUS = re.compile(r"\b(error|critical|fatal|panic|traceback|exception)\b", re.IGNORECASE)
_DOUBTFUL = re.compile(r"\b(warn|warning)\b", re.IGNORECASE)


class LogReader:
    """Reads what is added to a log file, whole lines only, through its rotations."""

    def __init__(self, path: Path, *, last: int = 0) -> None:
        """`last`: how many of the lines already there to begin with."""
        self._path = path
        self._position = _start_of_last(path, last)

    def lines(self) -> Iterator[str]:
        """The lines added since the last call."""
        try:
            with self._path.open("rb") as log:
                if log.seek(0, 2) < self._position:
                    self._position = 0
                log.seek(self._position)
                added = log.read()
        except FileNotFoundError:
            return
        whole = added[: added.rfind(b"\n") + 1]
        self._position += len(whole)
        yield from whole.decode(errors="replace").splitlines()


def _start_of_last(path: Path, lines: int) -> int:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return 0
    return len(content) - sum(map(len, content.splitlines(keepends=True)[-lines:] if lines else []))


def changes(before: Mapping[str, ProcessStatus], after: Mapping[str, ProcessStatus]) -> Iterator[str]:
    """In words, what happened to processes between two looks."""
    for name, now in after.items():
        then = before.get(name, now)
        if now.running and then.running and now.pid != then.pid:
            yield f"{name} ended and was started again (pid {then.pid} → {now.pid})"
        elif now.running and not then.running:
            yield f"{name} runs again (pid {now.pid})"
        elif then.running and not now.running and now.exit_code == LOUD_STOP:
            yield (
                f"{name} stopped itself (exit code {LOUD_STOP}) and is not restarted: its log above says why."
                f" When that is mended: sillage restart {name}"
            )
        elif then.running and not now.running:
            yield f"{name} is down ({now.state.lower()}). To start it: sillage restart {name}"


class Follower:
    """Prints the logs of an instance's processes, each line under its process's name."""

    def __init__(self, home: Home, console: Console, names: Iterable[str] = (), last: int = 0) -> None:
        """`names`: which processes, by default all; `last`: how many earlier lines of each to begin with."""
        more_gateways = sorted(path.stem for path in home.logs.glob("gateway-*.log"))
        chosen = list(names) or [*SERVICES, *more_gateways, *SERVERS]
        self._console = console
        self._readers = {name: LogReader(home.log(name), last=last) for name in chosen}

    def show_new(self) -> None:
        """Print what was added since the last call."""
        for name, reader in self._readers.items():
            for line in reader.lines():
                self._console.print(styled(name, line), soft_wrap=True)

    def follow(self, instance: Instance) -> None:
        """Print until the instance is stopped by somebody else."""
        before = instance.processes()
        looked = time.monotonic()
        while True:
            self.show_new()
            time.sleep(POLL_S)
            if time.monotonic() - looked > 1:
                now = instance.processes()
                if not now and not instance.running():
                    self.show_new()
                    self._console.print("The instance was stopped from elsewhere.")
                    return
                for change in changes(before, now):
                    self._console.print(Text(f"sillage  │ {change}", style="bold yellow"), soft_wrap=True)
                before, looked = now, time.monotonic()


def styled(name: str, line: str) -> Text:
    """A log line with its origin before it; trouble stands out."""
    text = Text(f"{name:<8} │ ", style=COLOURS.get(kind_of(name), ""))
    said = Text.from_ansi(line)
    if _SERIOUS.search(line):
        said.stylize("red")
    elif _DOUBTFUL.search(line):
        said.stylize("yellow")
    return text.append_text(said)
