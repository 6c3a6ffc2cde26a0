"""Starting, shown to a person: a spinner for each process on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from ops.runtime.distribution import Fetching

DOWNLOAD = "download"


class LaunchDisplay:
    """Shows what it is told as a `Watch`; use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.fields[process]:<10}"),
            TextColumn("{task.description}", style="dim"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def fetching(self, progress: Fetching) -> None:
        """Kafka and the registry come through Maven, once."""
        if DOWNLOAD not in self._tasks:
            self._begin(DOWNLOAD, "Kafka and the schema registry, once")
        self._say(DOWNLOAD, f"Kafka and the schema registry, once: {progress.files} files, {progress.now}")

    @contextmanager
    def during(self, name: str, what: str) -> Iterator[None]:
        """Show a step that is not the start of a process, while it is done."""
        self._begin(name, what)
        yield
        self._finish(name)

    def starting(self, name: str) -> None:
        """A process was started."""
        self._finish(DOWNLOAD)
        self._begin(name, "starting")

    def ready(self, name: str, seconds: float) -> None:
        """It does its work."""
        self._finish(name, "ready")
        if not self._console.is_terminal:
            self._console.print(f"{name} ready after {seconds:.1f} s")

    def _begin(self, name: str, what: str) -> None:
        if not self._console.is_terminal:
            self._console.print(f"{name}: {what}")
        self._tasks[name] = self._progress.add_task(what, process=name, total=1)

    def _say(self, name: str, what: str) -> None:
        self._progress.update(self._tasks[name], description=what)

    def _finish(self, name: str, what: str | None = None) -> None:
        if name in self._tasks:
            self._progress.update(self._tasks[name], completed=1)
            if what is not None:
                self._say(name, what)
