"""What must be on the machine: Java, Maven while the servers are not cached, and a way to shed root."""

import os
import re
import shutil
import subprocess

from ops.runtime.errors import MissingPrerequisite

JAVA_AT_LEAST = 17


def check(*, maven: bool) -> None:
    """Raises MissingPrerequisite with one line for each thing missing and how to get it."""
    missing = [problem for problem in (_java(), _maven() if maven else None, _setpriv()) if problem]
    if missing:
        raise MissingPrerequisite("\n".join(missing))


def java_version(said: str) -> int | None:
    """The feature release in the output of `java -version`: 17 of "17.0.15", 8 of "1.8.0_402"."""
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def _java() -> str | None:
    advice = "install one, e.g. `apt-get install openjdk-17-jre-headless` or `brew install openjdk@17`"
    if shutil.which("java") is None:
        return f"Java ≥ {JAVA_AT_LEAST} is missing (Kafka and the registry run on it): {advice}"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    version = java_version(said)
    if version is None or version < JAVA_AT_LEAST:
        has = "is not a working one" if version is None else f"is version {version}"
        return f"Java ≥ {JAVA_AT_LEAST} is needed, the `java` on the PATH {has}: {advice}"
    return None


def _maven() -> str | None:
    if shutil.which("mvn") is None:
        return (
            "Maven is missing (it downloads Kafka and the registry, once):"
            " install it, e.g. `apt-get install maven` or `brew install maven`"
        )
    return None


def _setpriv() -> str | None:
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return (
            "PostgreSQL does not run as root, and `setpriv` to run it as another user is missing:"
            " install util-linux, or run this command as another user than root"
        )
    return None
