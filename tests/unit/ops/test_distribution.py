"""Bringing the Java servers."""

from pathlib import Path

import pytest

from ops.runtime import distribution
from ops.runtime.distribution import Fetching
from ops.runtime.errors import DownloadFailed
from ops.runtime.prerequisites import java_version


def _maven(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a Maven of our own on the path; it finds the target folder in $target."""
    folder.mkdir()
    maven = folder / "mvn"
    find = 'for word in "$@"; do case $word in -Ddist=*) target=${word#-Ddist=};; esac; done'
    maven.write_text(f"#!/bin/sh\n{find}\n{script}\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_progress_is_told_and_the_servers_are_brought_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = r"""
    mkdir -p "$target/kafka"; echo x >> "$target/../runs"
    printf 'Progress (1): 1.5/54 MB\rProgress (1): 54 MB    \r'
    echo 'Downloaded from central: https://repository/org/apache/kafka.jar (54 MB at 9 MB/s)'
    """
    _maven(tmp_path / "bin", said, monkeypatch)
    told: list[Fetching] = []
    first = distribution.ensure(told.append, tmp_path / "cache")
    assert told == [Fetching(0, "1.5/54 MB"), Fetching(0, "54 MB"), Fetching(1, "kafka.jar")]
    assert distribution.ensure(told.append, tmp_path / "cache") == first
    assert (tmp_path / "cache" / "runs").read_text() == "x\n"


def test_a_failed_download_says_why_and_is_begun_anew_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _maven(tmp_path / "bin", 'mkdir -p "$target"; echo "[ERROR] no route to host"; exit 1', monkeypatch)
    with pytest.raises(DownloadFailed, match="no route to host"):
        distribution.ensure(lambda _progress: None, tmp_path / "cache")
    assert distribution.present(tmp_path / "cache") is None


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_javas_version_is_understood(said: str, version: int | None) -> None:
    assert java_version(said) == version
