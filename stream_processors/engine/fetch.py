"""The room where Faust is tuned: its consumer fetches labelled batches instead of single records.

Every name of Faust and aiokafka that is not public and used here is listed in `RELIED_UPON`, which a test
checks against the pinned versions. docs/streams.md says why each is needed.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver

from stream_processors.engine.batch import Batch, Record, TopicPartition
from stream_processors.engine.session import Membership, Session

RELIED_UPON: Final = (
    ("faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread._create_worker_consumer"),
    ("faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread.on_start"),
    ("faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread._ensure_consumer"),
    ("faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread._fetch_records"),
    ("faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread._seek_wait"),
    ("faust.transport.drivers.aiokafka", "Consumer._new_consumer_thread"),
    ("faust.transport.drivers.aiokafka", "Transport.Consumer"),
    ("faust.transport.consumer", "ConsumerThread.on_partitions_assigned"),
    ("faust.transport.consumer", "ConsumerThread.on_partitions_revoked"),
    ("faust.transport.consumer", "Consumer.on_partitions_assigned"),
    ("faust.transport.consumer", "Consumer.on_partitions_revoked"),
    ("faust.transport.consumer", "Consumer.perform_seek"),
    ("faust.transport.consumer", "Consumer.stop_flow"),
    ("faust.transport.consumer", "Consumer.seek_wait"),
    ("faust.app.base", "App.transport"),
    ("faust.tables.manager", "TableManager.sleep"),
    ("aiokafka.consumer.fetcher", "PartitionRecords._consumer_record"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator._do_heartbeat"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator._start_heartbeat_task"),
)

ATTRIBUTES: Final = (
    ("faust.transport.consumer", "ThreadDelegateConsumer", "_thread"),
    ("aiokafka.consumer.consumer", "AIOKafkaConsumer", "_coordinator"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator", "member_id"),
    ("aiokafka.consumer.consumer", "AIOKafkaConsumer", "_fetch_max_wait_ms"),
    ("aiokafka.consumer.consumer", "AIOKafkaConsumer", "_isolation_level"),
    ("aiokafka.consumer.consumer", "AIOKafkaConsumer", "_subscription"),
    ("aiokafka.consumer.subscription_state", "TopicPartitionState", "_position"),
)
"""What is set or read on their objects: module, class, and the attribute that its `__init__` makes."""

FETCH_WAIT_MS = 100
UNKNOWN_MEMBER_ID: Final = ""
"""Kafka's own, for who is no member yet, or none any more."""


@dataclass(slots=True)
class BatchRecord:
    """A batch dressed as the one Kafka record that Faust's consumer, conductor and stream expect."""

    topic: str
    partition: int
    offset: int
    value: Batch
    timestamp: int | None = None
    timestamp_type: int | None = None
    headers: tuple[()] = ()
    key: None = None
    checksum: None = None
    serialized_key_size: int = 0
    serialized_value_size: int = 0


class Owner(Protocol):
    """Who is told about partitions, and knows how far each is applied."""

    @property
    def session(self) -> Session:
        """What is told of each heartbeat that Kafka takes."""
        ...

    async def take(self, assigned: set[TopicPartition], membership: Membership) -> None:
        """These are ours now, in this generation, and no others."""
        ...

    async def drain(self) -> None:
        """A rebalance begins: write what is open and apply nothing more."""
        ...

    async def expelled(self) -> None:
        """A rebalance begins, because Kafka gave us up: what was ours may be another's already."""
        ...

    def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset to apply, of every partition that is ours."""
        ...


class PlainRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """Hands on each record as it was unpacked, without making a ConsumerRecord of it."""

    def _consumer_record(self, _tp: Any, record: Record) -> Record:
        return record


class BatchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Fetches; labels what it fetched with the range it stands for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._next: dict[Any, int] = {}
        self.membership = Membership(UNKNOWN_MEMBER_ID, 0)

    async def on_start(self) -> None:
        await super().on_start()
        session: Session = self.consumer.owner.session
        coordinator = self._ensure_consumer()._coordinator
        heartbeat = coordinator._do_heartbeat

        async def told_of() -> bool:
            sent_at = session.clock()
            taken: bool = await heartbeat()
            if taken:
                session.renewed(sent_at)
            return taken

        coordinator._do_heartbeat = told_of

    async def on_partitions_revoked(self, revoked: Any) -> None:
        coordinator = self._ensure_consumer()._coordinator
        self.membership = Membership(coordinator.member_id, self.membership.generation)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        coordinator = self._ensure_consumer()._coordinator
        self.membership = Membership(coordinator.member_id, generation_id)
        # aiokafka beats only once all of this is done: loading many rows would outlast the session.
        with suppress(KafkaError):
            await coordinator._do_heartbeat()
        coordinator._start_heartbeat_task()
        await super().on_partitions_assigned(assigned, generation_id)

    def fetched_to(self) -> Mapping[TopicPartition, int]:
        """The end of the last batch handed on, by partition."""
        return dict(self._next)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust hard-codes 1500 ms, behind which every seek and offset look-up has to wait.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        # All consumers of aiokafka in this process are Faust's: each record is seen by the engine only.
        fetcher.PartitionRecords = PlainRecords
        # A source may be written by transactions: what they aborted must not be seen.
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - the overridden method has it
        max_records: int | None = None,
    ) -> dict[Any, list[BatchRecord]]:
        passed = self._passed(_positions(consumer))
        # The consumer's own set changes under the fetch, from the main thread.
        active = None if active_partitions is None else set(active_partitions)
        try:
            fetched = await super()._fetch_records(consumer, active, timeout=timeout, max_records=max_records)
        except NoOffsetForPartitionError:
            return {}  # a first start: the position comes with the seek that follows a takeover
        after = _positions(consumer)
        records = {tp: [self._labelled(tp, found, after)] for tp, found in fetched.items() if tp in after}
        return passed | {tp: [*passed.get(tp, []), *found] for tp, found in records.items()}

    def _passed(self, positions: Mapping[Any, int]) -> dict[Any, list[BatchRecord]]:
        """Batches without records: what the consumer went past since, such as transaction markers."""
        passed = {}
        for tp, position in positions.items():
            known = self._next.get(tp)
            self._next[tp] = position
            if known is not None and known < position:
                batch = Batch(TopicPartition(tp.topic, tp.partition), known, position, ())
                passed[tp] = [BatchRecord(tp.topic, tp.partition, known, batch)]
        return passed

    def _labelled(self, tp: Any, records: Any, after: Mapping[Any, int]) -> BatchRecord:
        start, end = self._next.get(tp, records[0].offset), after[tp]
        self._next[tp] = end
        batch = Batch(TopicPartition(tp.topic, tp.partition), start, end, records)
        return BatchRecord(tp.topic, tp.partition, start, batch)

    async def _seek_wait(self, consumer: Any, partitions: Mapping[Any, int]) -> None:
        # A fetch may be waiting meanwhile: what it returns begins here, not where it was asked from.
        self._next.update(partitions)
        await super()._seek_wait(consumer, partitions)


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Tells the owner about partitions, and seeks to where the owner's rows are."""

    owner: Owner

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_revoked(self, revoked: Any) -> None:
        thread: BatchThread = self._thread
        if thread.membership.member_id == UNKNOWN_MEMBER_ID:
            await self.owner.expelled()
        else:
            await self.owner.drain()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        thread: BatchThread = self._thread
        await self.owner.take({TopicPartition(*tp) for tp in assigned}, thread.membership)
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        self.stop_flow()
        assigned = self.assignment()
        await self.seek_wait({tp: at for tp, at in self.owner.positions().items() if tp in assigned})

    def fetched_to(self) -> Mapping[TopicPartition, int]:
        """The end of the last batch handed on, by partition."""
        thread: BatchThread = self._thread
        return thread.fetched_to()


class NoTables(TableManager):  # type: ignore[misc]
    """Faust's tables, of which there are none: nothing is to be waited for before the start."""

    async def sleep(self, _seconds: Any) -> None:
        """Go on at once; the original waits a second for tables to be declared."""


def transport_class(owner: Owner) -> type[Any]:
    """A Faust transport whose consumer works for `owner`."""
    consumer = type("OwnedConsumer", (BatchConsumer,), {"owner": owner})
    return type("BatchTransport", (driver.Transport,), {"Consumer": consumer})


def _positions(consumer: Any) -> dict[Any, int]:
    """Where the next fetch of each assigned partition begins, as far as that is settled."""
    subscription = consumer._subscription.subscription
    assignment = subscription.assignment if subscription is not None else None
    if assignment is None:
        return {}
    states = {tp: assignment.state_value(tp) for tp in assignment.tps}
    return {
        tp: state._position
        for tp, state in states.items()
        if state is not None and state._position is not None
    }
