"""One owned source partition: how far it is applied, its rows, and what the next flush will write."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog

from schemas.reasons import Reason
from schemas.storable import InvalidRecord
from schemas.topics import DEAD_LETTER, Topic
from stream_processors.engine.batch import Batch, Record, TopicPartition
from stream_processors.engine.forwarded import Forwarded
from stream_processors.engine.guard import Verdict, judge
from stream_processors.engine.job import Job
from stream_processors.engine.table import KeyValue, Table
from stream_processors.errors import LoudStop, Refused
from wire.codec import Encode
from wire.dead_letters import Source, key_of, letter_about
from wire.errors import Undecodable, WireError

FAILURE_WINDOW = 1_000
FAILURES_ALLOWED = FAILURE_WINDOW // 5

WATERMARK_KEY = "\0watermark"
"""Among the rows of a changelog; no id of ours holds a NUL."""

log = structlog.get_logger()


class Start(NamedTuple):
    """Where a new owner goes on: the next offset, and the latest moment of the source's own time so far."""

    position: int
    watermark: int = 0


@dataclass(frozen=True, slots=True)
class FlushPolicy:
    """When to write: after this many seconds, or this many records of one partition."""

    interval: float = 0.2
    records: int = 20_000


@dataclass(slots=True)
class Flush:
    """What one transaction writes: records by target topic and partition, and the source offset."""

    source: TopicPartition
    position: int
    records: dict[tuple[str, int], list[KeyValue]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Write this record too."""
        records = self.records.get((topic, partition))
        if records is None:
            records = self.records[topic, partition] = []
        records.append((key, value))

    def add_all(self, topic: str, partition: int, records: list[KeyValue]) -> None:
        """Write these too, if any."""
        if records:
            self.records.setdefault((topic, partition), []).extend(records)


class Rewound(Exception):
    """The reducer failed on a record: the open flush was undone. Read again from `position`."""


class FailureWatch:
    """Whether reducers fail so often that it must be a bug rather than a record."""

    def __init__(self) -> None:
        self._noted = 0
        self._failures: deque[int] = deque()
        """Which of the records noted failed, of the last thousand."""

    def note(self, failed: bool) -> None:
        """Count one record in. Raises LoudStop when more than a fifth of the last thousand failed."""
        self._noted += 1
        if not failed:
            return
        self._failures.append(self._noted)
        while self._failures[0] <= self._noted - FAILURE_WINDOW:
            self._failures.popleft()
        if len(self._failures) > FAILURES_ALLOWED:
            raise LoudStop(
                f"{len(self._failures)} of the last {FAILURE_WINDOW} records failed in the reducer: a bug."
                " Nothing of the open flush was written; the data waits in Kafka. Mend it, then start again."
            )


class OwnedPartition:
    """State between two flushes. Pure but for the log: time and Kafka stay outside."""

    def __init__(
        self,
        job: Job,
        source: TopicPartition,
        start: Start,
        tables: Sequence[Table[Any]],
        topic_name: Callable[[Topic], str],
        dead_letter: Encode,
        watch: FailureWatch,
    ) -> None:
        self.job = job
        self.source = source
        self.number = source.partition
        self.position = start.position
        self.watermark = self._written_watermark = start.watermark
        self.tables = tables
        self._topic_name = topic_name
        self._dead_letter = dead_letter
        self._watch = watch
        self._open = Flush(source, start.position)
        self._failed: dict[int, str] = {}
        """Offsets on which the reducer failed, and how: not to be applied when they come again."""
        self._watched_to = start.position
        """Records before this offset are in the watch's count: those read again are not counted again."""
        self.waiting = 0

    @property
    def dirty(self) -> bool:
        """Whether anything was read or changed since the last flush."""
        return self.position != self._open.position or any(table.has_changes for table in self.tables)

    def judge(self, batch: Batch) -> Verdict:
        """Whether the batch is the next piece of the source."""
        return judge(batch.start, batch.end, self.position)

    def apply(self, batch: Batch, records: Sequence[Record], end: int) -> bool:
        """Apply `records`, a run of the batch that reaches up to offset `end`, skipping those applied before.

        False: it was cut short, behind a record on which the reducer had failed. That is to be flushed before
        the rest comes, so that the next failure undoes little: however many fail, none is applied over and
        over. Raises Rewound, LoudStop, or wire.errors.RegistryUnavailable where nobody can tell what a record
        is.
        """
        for record in records:
            if record.offset >= self.position:
                self._apply_record(record)
                if record.offset in self._failed:
                    self.position = record.offset + 1
                    return False
        self.waiting += len(records)
        self.position = max(self.position, end)
        return True

    def _apply_record(self, record: Record) -> None:
        try:
            outcome = self._outcome(record)
        except (Undecodable, Refused) as refusal:
            outcome = self._refuse(record, refusal.reason, str(refusal))
        except InvalidRecord as invalid:
            outcome = self._refuse(record, Reason.INVALID_RECORD, str(invalid))
        except (WireError, OSError, MemoryError, LoudStop):
            raise  # not the record's fault: the registry's, the machine's, another version's
        except Exception as bug:
            log.exception("reducer failed", source=self.source, offset=record.offset)
            self._count(record, failed=True)
            self._failed[record.offset] = f"{type(bug).__name__}: {bug}"
            self._take_back()
            raise Rewound from bug
        self._open.outcomes[outcome] += 1
        self._count(record, failed=False)

    def _count(self, record: Record, failed: bool) -> None:
        if record.offset >= self._watched_to:
            self._watched_to = record.offset + 1
            self._watch.note(failed)

    def _outcome(self, record: Record) -> str:
        if record.offset in self._failed:
            return self._refuse(record, Reason.PROCESSOR_ERROR, self._failed[record.offset])
        return self.job.apply(self, self.job.decode(record.value), record.timestamp)

    def _take_back(self) -> None:
        """Undo the open flush: the reducer may have changed a row by half before it failed."""
        self.position, self.watermark, self.waiting = self._open.position, self._written_watermark, 0
        for table in self.tables:
            table.take_back()
        self._open = Flush(self.source, self.position)

    def _refuse(self, record: Record, reason: Reason, message: str) -> str:
        source = Source(self.source.topic, self.source.partition, record.offset)
        letter = letter_about(self.job.stage, reason, message, source, record.value, record.timestamp)
        self.forward(Forwarded(DEAD_LETTER, self.number, key_of(record.key), self._dead_letter(letter)))
        return reason.value

    def advance(self, moment: int) -> int:
        """Note a moment (epoch ms) of the source's own time; returns the latest one noted."""
        if moment > self.watermark:
            self.watermark = moment
        return self.watermark

    def forward(self, record: Forwarded) -> None:
        """Write this record in the open flush's transaction."""
        self._open.add(self._topic_name(record.topic), record.partition, record.key, record.value)

    def take_flush(self) -> Flush:
        """All that is to be written now; what is applied from here on belongs to the next flush."""
        flush, self.waiting = self._open, 0
        flush.position = self.position
        self._add_watermark(flush)
        for table in self.tables:
            if table.has_changes:
                changelog, public = table.take_changes()
                flush.add_all(self._topic_name(table.spec.changelog), self.number, changelog)
                flush.add_all(self._topic_name(table.spec.public), self.number, public)
        self._open = Flush(self.source, self.position)
        self._failed = {at: how for at, how in self._failed.items() if at >= self.position}
        return flush

    def _add_watermark(self, flush: Flush) -> None:
        """The partition's time goes into the first table's changelog: the successor judges by it."""
        if self.watermark != self._written_watermark:
            self._written_watermark = self.watermark
            changelog = self._topic_name(self.tables[0].spec.changelog)
            flush.add(changelog, self.number, WATERMARK_KEY.encode(), str(self.watermark).encode())

    def landed(self) -> None:
        """The flush taken last is committed."""
        for table in self.tables:
            table.landed()
