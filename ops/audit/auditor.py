"""The audit as a whole: read Kafka, recompute, compare, and look again while events are under way."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ops.audit.comparison import compare, with_unreadable
from ops.audit.errors import CannotAudit
from ops.audit.letters import Letters
from ops.audit.published import PublishedRows, TopicReader
from ops.audit.result import Compared, Comparison, Cut, Result
from ops.audit.scope import Scope
from ops.audit.settling import LOOK_AGAIN_S, settle
from ops.audit.subjects import SUBJECTS, Place
from ops.audit.verdicts import Verdicts
from ops.audit.workspace import Workspace, workspace
from schemas.topics import INTERACTIONS, Namespace
from wire.clients import Cluster
from wire.errors import WireError
from wire.registry import Registry
from wire.security import PLAIN, Security

RAW = """
SELECT count(*), count(*) FILTER (WHERE is_bot),
    (SELECT count(*) FROM left_out JOIN interaction_events USING (kafka_partition, kafka_offset))
FROM interaction_events
"""
STORED = "SELECT partition, next_offset FROM sink_offsets WHERE topic = %s"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Servers:
    """Where things are: Kafka's bootstrap address, the registry's base URL, PostgreSQL's DSN."""

    bootstrap: str
    registry_url: str
    database_url: str
    namespace: str = ""
    security: Security = PLAIN


def audit(servers: Servers, scope: Scope, wait_s: float, tell: Tell = lambda _text: None) -> Result:
    """Compare every row within the scope; rows under way get `wait_s` seconds. `tell` is told what it does.

    Raises CannotAudit.
    """
    with _auditor(servers, tell) as auditor:
        began = time.monotonic()
        auditor.wait_for_the_sink(wait_s)
        return settle(auditor.look, scope, wait_s - (time.monotonic() - began))


@contextmanager
def _auditor(servers: Servers, tell: Tell) -> "Iterator[Auditor]":
    namespace = Namespace(servers.namespace)
    reader = TopicReader(Cluster(servers.bootstrap, servers.security), namespace)
    try:
        registry = Registry(servers.registry_url)
        with workspace(servers.database_url) as space:
            published = {
                subject.name: PublishedRows(subject, reader, registry, space) for subject in SUBJECTS
            }
            letters = Letters(reader, registry, namespace, space)
            verdicts = Verdicts(space, reader, registry)
            yield Auditor(space, reader, published, letters, verdicts, namespace, tell)
    except WireError as error:
        raise CannotAudit(str(error)) from error
    finally:
        reader.close()


class Auditor:
    """Can look again and again: Kafka is read on from where it was read to before."""

    def __init__(
        self,
        space: Workspace,
        reader: TopicReader,
        published: Mapping[str, PublishedRows],
        letters: Letters,
        verdicts: Verdicts,
        namespace: Namespace,
        tell: Tell,
    ) -> None:
        self._space = space
        self._reader = reader
        self._published = published
        self._letters = letters
        self._verdicts = verdicts
        self._interactions = namespace.topic(INTERACTIONS)
        self._tell = tell

    def wait_for_the_sink(self, wait_s: float) -> None:
        """Return when PostgreSQL has the raw events that are in Kafka now, or after `wait_s` seconds."""
        ends = self._reader.ends(INTERACTIONS)
        deadline = time.monotonic() + wait_s
        while (missing := self._not_stored(ends)) and time.monotonic() < deadline:
            self._tell(f"waiting for the sink to store {missing:,} more events")
            time.sleep(LOOK_AGAIN_S)

    def look(self, scope: Scope) -> Result:
        """One comparison of everything within the scope, as of now. Raises CannotAudit."""
        self._tell("reading dead letters")
        self._letters.catch_up()
        for name, rows in self._published.items():
            self._tell(f"reading published {name}")
            rows.catch_up(self._tell)
        with self._space.at_one_moment():
            self._verdicts.judge()
            cut = self._cut()
            self._tell(f"recomputing from {cut.raw_rows:,} raw rows")
            self._space.narrow(scope)
            self._space.recompute()
            return Result(
                cut,
                dict(self._comparisons()),
                dict(self._letters.by_reason),
                self._verdicts.unfounded(),
                *self._letters.open_rows(),
            )

    def _comparisons(self) -> Iterator[tuple[Compared, Comparison]]:
        for subject in SUBJECTS:
            self._tell(f"comparing {subject.name}")
            in_topic = compare(self._space, subject, Place.TOPIC)
            unreadable = self._published[subject.name].unreadable.values()
            yield (subject.name, Place.TOPIC), with_unreadable(in_topic, unreadable)
            yield (subject.name, Place.POSTGRESQL), compare(self._space, subject, Place.POSTGRESQL)

    def _cut(self) -> Cut:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        ((raw, bots, refused),) = self._space.run(RAW).fetchall()
        return Cut(moment, raw, bots, refused, self._not_stored(self._reader.ends(INTERACTIONS)))

    def _not_stored(self, ends: Mapping[int, int]) -> int:
        stored: dict[int, int] = dict(self._space.run(STORED, (self._interactions,)).fetchall())
        return sum(max(0, end - stored.get(number, 0)) for number, end in ends.items())
