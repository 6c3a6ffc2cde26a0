"""The Java servers, brought by Maven once and kept under a name that follows deploy/native/pom.xml."""

import fcntl
import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.runtime.errors import DownloadFailed
from ops.runtime.home import DISTRIBUTIONS, NATIVE

POM = NATIVE / "pom.xml"
EXECUTIONS = ("dependency:copy-dependencies@kafka", "dependency:unpack@registry")

_FETCHED = re.compile(r"Downloaded\b.*/(?P<file>[^/ ]+) \(")
_TRANSFER = re.compile(r"Progress \(\d+\): (?P<amount>[^|]+)")


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where the unpacked servers are."""

    root: Path

    @property
    def kafka_jars(self) -> Path:
        """Folder of the broker's class path."""
        return self.root / "kafka"

    @property
    def registry_jar(self) -> Path:
        """The registry's runnable archive, its libraries beside it."""
        return next(self.root.glob("registry/apicurio-registry-app-*-runner.jar"))


@dataclass(frozen=True, slots=True)
class Fetching:
    """How far Maven is: whole files so far, and what it says of the one under way."""

    files: int
    now: str


def present(cache: Path = DISTRIBUTIONS) -> Distribution | None:
    """The servers of this version if they are here already."""
    root = _folder(cache)
    return Distribution(root) if root.is_dir() else None


def ensure(report: Callable[[Fetching], None], cache: Path = DISTRIBUTIONS) -> Distribution:
    """Bring the servers if they are not here.

    The folder gets its name last, so an interrupted download is begun anew; of two processes that come at the
    same time one waits for the other. Raises DownloadFailed with the end of Maven's output.
    """
    with _alone(cache):
        if (here := present(cache)) is not None:
            return here
        root = _folder(cache)
        partial = root.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        _run_maven(partial, report)
        partial.rename(root)
        return Distribution(root)


def _folder(cache: Path) -> Path:
    return cache / f"servers-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_maven(target: Path, report: Callable[[Fetching], None]) -> None:
    # Not in batch mode: only then does Maven say how far a large file is. -U: ask again for what was
    # once missing.
    command = ["mvn", "-U", "-Dstyle.color=never", "-f", str(POM), f"-Ddist={target}", *EXECUTIONS]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as maven:
        assert maven.stdout is not None
        try:
            said = _watch(maven.stdout, report)
        except BaseException:
            maven.terminate()
            raise
    if maven.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        reason = next((line for line in said if line.startswith("[ERROR]")), "\n".join(said[-15:]))
        raise DownloadFailed(
            "Maven could not bring Kafka and the registry. Is the network there, and does `mvn` work"
            f" elsewhere? It said:\n{reason}"
        )


def _watch(output: Iterator[str], report: Callable[[Fetching], None]) -> list[str]:
    """Report progress, return the lines that are none (text mode makes lines of carriage returns)."""
    said: list[str] = []
    files = 0
    for line in output:
        if transfer := _TRANSFER.search(line):
            report(Fetching(files, transfer["amount"].strip()))
        elif fetched := _FETCHED.search(line):
            files += 1
            report(Fetching(files, fetched["file"]))
        elif line.strip():
            said.append(line.rstrip())
    return said
