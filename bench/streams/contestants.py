"""The programs that are measured, how each is started, and what it does."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.streams.errors import BuildFailed
from ops.runtime.home import PROJECT
from schemas.topics import INTERACTIONS, PERFUME_ACTIVITY, Topic

FLUSH_INTERVAL_MS: Final = 200
"""The commit interval of every program; our worker's default."""

KAFKA_STREAMS: Final = PROJECT / "bench" / "peers" / "kafka_streams"
BUILT: Final = PROJECT / ".sillage" / "bench" / "kafka_streams"


@dataclass(frozen=True, slots=True, eq=False)
class Contestant:
    """`sources`: what it reads, by consumer group. All of it is committed when it is done.

    `part`: what part of the events it gets; less than 1 for a program that would else take all day.
    """

    name: str
    work: str
    command: tuple[str, ...]
    sources: Mapping[str, Topic]
    part: float = 1.0
    changelogs: tuple[str, ...] = ()
    """Topics it needs beside the declared ones and does not create."""

    @property
    def keeps_perfumes(self) -> bool:
        """Whether it also does the perfume agent's work."""
        return PERFUME_ACTIVITY in self.sources.values()


SESSION_SOURCE: Final = {"session-agent": INTERACTIONS}

CONTESTANTS: Final = (
    Contestant(
        "sillage-sessions",
        "our worker, session agent only: the session job, exactly once",
        (sys.executable, "-m", "bench.peers.session_worker"),
        SESSION_SOURCE,
    ),
    Contestant(
        "kafka-streams",
        "Kafka Streams: the session job, exactly_once_v2",
        (
            "java",
            "-Xms1g",
            "-Xmx1g",
            "-XX:+UseParallelGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            f"{BUILT}/classes:{BUILT}/lib/*",
            "sillage.bench.Job",
        ),
        SESSION_SOURCE,
    ),
    Contestant(
        "sillage",
        "our worker as it runs: the session job and, in the same process, the whole perfume agent",
        (sys.executable, "-m", "stream_processors"),
        {**SESSION_SOURCE, "perfume-agent": PERFUME_ACTIVITY},
    ),
    Contestant(
        "faust-default",
        "plain Faust: the session job, at least once",
        (sys.executable, "-m", "bench.peers.faust_default"),
        SESSION_SOURCE,
        part=0.1,
        changelogs=("session-agent-sessions-changelog",),
    ),
)


def build_kafka_streams() -> None:
    """Let Maven build the Java program; quick when nothing changed. Raises BuildFailed."""
    done = subprocess.run(
        ["mvn", "-q", "-B", "-Dstyle.color=never", "-f", str(KAFKA_STREAMS / "pom.xml"), "package"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(f"Maven could not build {KAFKA_STREAMS}; it said:\n{done.stdout[-2_000:]}")
