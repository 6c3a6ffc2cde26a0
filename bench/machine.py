"""The facts of the machine and of what was measured on it."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from ops import compilation
from ops.runtime.distribution import POM


def facts(packages: Iterable[str]) -> Mapping[str, str]:
    """What a reader needs to know to judge the figures, by name; `packages`: Python's that matter to them."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _said("git", "describe", "--always", "--dirty"),
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "load average": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "our hot modules": "run as they are" if compilation.compiled_tree() is None else "compiled by mypyc",
        "java": _said("java", "-version").splitlines()[0],
        "kafka": _version_in(POM),
        **{package: version(package) for package in packages},
    }


def _cpu_model() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _said(*command: str) -> str:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=30
    )
    return done.stdout.strip() or "unknown"


def _version_in(pom: Path) -> str:
    found = re.search(r"<kafka\.version>(.+)</kafka\.version>", pom.read_text())
    return found[1] if found else "unknown"
