"""No two living workers with one instance id.

Kafka lets the newcomer take the member's place; the one before learns of it only when Kafka does not know it
any more, starts again, and takes the place back. Rows stay right, but neither gets anywhere. So whoever
starts looks first who has its id, and makes sure that this one is gone: it must not answer, and either it
ran on this machine and nothing listens any more, or it has left the group.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import Enum
from typing import Final, NamedTuple

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, MemberDescription

from stream_processors.errors import LoudStop
from stream_processors.live.workers import told_by
from wire.clients import ERRORS_ONLY, Cluster

KAFKA_TIMEOUT_S: Final = 30.0
PATIENCE: Final = ClientTimeout(total=2.0)
LOOK_S: Final = 0.5
PASSING: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)
"""A cluster that has just started, or lost a broker, says so for a while."""
SESSIONS: Final = 3.0
"""A member that is gone leaves the group after one session; Kafka may be late to say so."""


class Namesake(NamedTuple):
    """A member of the group that has our id. `host`: where Kafka sees it, an IP address."""

    member_id: str
    address: str
    host: str


class Answer(Enum):
    """What came of asking a namesake at its address."""

    LIVES = "it answers"
    GONE = "it ran on this machine, and nothing listens any more"
    UNKNOWN = "no telling"


class Peers:
    """The group as Kafka sees it, and its workers as they answer. `client` belongs to the caller."""

    def __init__(self, cluster: Cluster, group: str, instance_id: str, client: ClientSession) -> None:
        self._admin = AdminClient({**cluster.base("sillage-twins"), "log_level": ERRORS_ONLY})
        self._group = group
        self._instance_id = instance_id
        self._client = client

    async def namesakes(self) -> Collection[Namesake]:
        """The members with our id. Raises KafkaException where Kafka does not come within half a minute."""
        return await asyncio.to_thread(self._namesakes)

    async def ask(self, namesake: Namesake) -> Answer:
        """Whether it lives."""
        try:
            async with self._client.get(f"http://{namesake.address}/instance", timeout=PATIENCE) as answer:
                told = await answer.json()
                return Answer.LIVES if told["instance_id"] == self._instance_id else Answer.UNKNOWN
        except ClientConnectorError as error:
            refused = isinstance(error.os_error, ConnectionRefusedError)
            return Answer.GONE if refused and is_this_machine(namesake.host) else Answer.UNKNOWN
        except (ClientError, TimeoutError, ValueError, KeyError, TypeError):
            return Answer.UNKNOWN

    def _namesakes(self) -> Collection[Namesake]:
        self._admin.list_topics(timeout=KAFKA_TIMEOUT_S)
        told = [(member, told_by(member.client_id)) for member in self._members()]
        return [
            Namesake(member.member_id, worker.address, member.host.lstrip("/"))
            for member, worker in told
            if worker.instance_id == self._instance_id
        ]

    def _members(self) -> Sequence[MemberDescription]:
        until = time.monotonic() + KAFKA_TIMEOUT_S
        while True:
            try:
                asked = self._admin.describe_consumer_groups([self._group], request_timeout=KAFKA_TIMEOUT_S)
                members: Sequence[MemberDescription] = asked[self._group].result(2 * KAFKA_TIMEOUT_S).members
                return members
            except KafkaException as error:
                code = error.args[0].code()
                if code == KafkaError.GROUP_ID_NOT_FOUND:
                    return []  # nobody was ever there
                if code not in PASSING or time.monotonic() > until:
                    raise
            time.sleep(LOOK_S)


async def refuse_twin(
    namesakes: Callable[[], Awaitable[Collection[Namesake]]],
    ask: Callable[[Namesake], Awaitable[Answer]],
    session_timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Return once nobody else has our id. Raises LoudStop where another worker that has it lives.

    `session_timeout`: seconds after which Kafka gives a silent member up. One that neither answers nor is
    known to be gone is waited for: dead, frozen or cut off, it leaves the group; one that stays in it lives,
    and cannot be asked at the address that it tells.
    """
    since = clock()
    while True:
        present = await namesakes()
        answers = {namesake: await ask(namesake) for namesake in present}
        for namesake, answer in answers.items():
            if answer is Answer.LIVES:
                raise LoudStop(_advice(namesake, "answers"))
        unknown = [namesake for namesake, answer in answers.items() if answer is Answer.UNKNOWN]
        if not unknown:
            return
        if clock() - since > SESSIONS * session_timeout:
            raise LoudStop(_advice(unknown[0], "does not answer there, but stays in the group"))
        await sleep(LOOK_S)


def _advice(namesake: Namesake, how: str) -> str:
    return (
        f"the worker at {namesake.address or 'no known address'} (for Kafka {namesake.host}) has the same"
        f" SILLAGE_INSTANCE_ID and {how}: each needs its own id, and an address in SILLAGE_LIVE_ADVERTISE at"
        " which the others reach it. Change it here, or stop the other one."
    )


def is_this_machine(host: str) -> bool:
    """Whether the IP address is one of this machine's: only those can be listened at."""
    if not host:
        return False
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
        return True
