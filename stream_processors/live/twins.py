"""No two living workers with one instance id.

Kafka lets the newcomer take the member's place; the one before learns of it only when a transaction of its is
refused, starts again, and takes the place back. Rows stay right, but neither gets anywhere. So whoever starts
looks first whether the worker that has the id still answers.
"""

import asyncio

from aiohttp import ClientError, ClientSession, ClientTimeout
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stream_processors.errors import LoudStop
from stream_processors.live.workers import told_by
from wire.clients import ERRORS_ONLY, Cluster

KAFKA_TIMEOUT_S = 30.0
PATIENCE = ClientTimeout(total=2.0)


async def refuse_twin(cluster: Cluster, group: str, instance_id: str, me: str) -> None:
    """Raises LoudStop where another worker of this instance id answers. `me`: own address (host:port).

    Waits for Kafka for half a minute; raises KafkaException where it does not come.

    One that does not answer (killed, frozen, cut off) is replaced: what it may still send, Kafka refuses.
    """
    addresses = await asyncio.to_thread(_addresses, cluster, group, instance_id)
    async with ClientSession(timeout=PATIENCE) as client:
        for address in addresses - {me}:
            if await _answers_as(client, address, instance_id):
                raise LoudStop(
                    f"the worker at {address} has the same SILLAGE_INSTANCE_ID, {instance_id}: each needs its"
                    " own. Change it here, or stop the other one."
                )


async def _answers_as(client: ClientSession, address: str, instance_id: str) -> bool:
    try:
        async with client.get(f"http://{address}/instance") as answer:
            return answer.status == 200 and (await answer.json())["instance_id"] == instance_id
    except (ClientError, TimeoutError, ValueError, KeyError):
        return False


def _addresses(cluster: Cluster, group: str, instance_id: str) -> set[str]:
    admin = AdminClient({**cluster.base("sillage-twins"), "log_level": ERRORS_ONLY})
    admin.list_topics(timeout=KAFKA_TIMEOUT_S)
    try:
        asked = admin.describe_consumer_groups([group], request_timeout=KAFKA_TIMEOUT_S)
        members = asked[group].result(2 * KAFKA_TIMEOUT_S).members
    except (KafkaException, TimeoutError):
        return set()  # no such group yet
    told = [told_by(member.client_id) for member in members]
    return {worker.address for worker in told if worker.instance_id == instance_id and worker.address}
