"""Bring the servers to what this version declares: topics, schemas, database. Safe to run again."""

from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.topics import TOPICS, Namespace, Topic
from storage import migrations
from wire.clients import Cluster
from wire.registry import Registry

ADMIN_TIMEOUT_S = 30.0


class ProvisionError(Exception):
    """The servers are in a state that must not be changed without a person deciding so."""


@dataclass(frozen=True, slots=True)
class Replication:
    """How many brokers keep a record, and how many must have it before a write counts."""

    factor: int = 1
    min_insync: int = 1


PRODUCTION = Replication(factor=3, min_insync=2)


def apply_topics(
    cluster: Cluster, namespace: Namespace, replication: Replication | None = None
) -> dict[str, str]:
    """Create missing topics ; returns what was done, by topic.

    Raises ProvisionError where a topic exists with another number of partitions: raising it would move keys
    away from the partition that holds their state.
    """
    replication = replication or Replication()
    admin = AdminClient(cluster.base("sillage-topics"))
    known = admin.list_topics(timeout=ADMIN_TIMEOUT_S).topics
    done: dict[str, str] = {}
    missing = [topic for topic in TOPICS if namespace.topic(topic) not in known]
    for topic in TOPICS:
        name = namespace.topic(topic)
        if topic in missing:
            continue
        partitions = len(known[name].partitions)
        if partitions != topic.partitions:
            raise ProvisionError(
                f"topic {name} has {partitions} partitions, {topic.partitions} are declared: keys would"
                " change partition. Rebuild into a new namespace instead."
            )
        done[name] = "present"
    _create(admin, missing, namespace, replication)
    done.update({namespace.topic(topic): "created" for topic in missing})
    return done


def _create(admin: AdminClient, topics: list[Topic], namespace: Namespace, replication: Replication) -> None:
    if not topics:
        return
    wanted = [
        NewTopic(
            namespace.topic(topic),
            num_partitions=topic.partitions,
            replication_factor=replication.factor,
            config=topic.config() | {"min.insync.replicas": str(replication.min_insync)},
        )
        for topic in topics
    ]
    for future in admin.create_topics(wanted, operation_timeout=ADMIN_TIMEOUT_S).values():
        _settle(future)


def _settle(future: "Future[None]") -> None:
    try:
        future.result(timeout=ADMIN_TIMEOUT_S)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def apply_schemas(registry_url: str, namespace: Namespace) -> dict[str, int]:
    """Register every topic's value schema under FULL_TRANSITIVE; returns the id by subject."""
    with Registry(registry_url) as registry:
        return {
            namespace.subject(topic): registry.register(topic, namespace) for topic in TOPICS if topic.value
        }


def provision(bootstrap: str, registry_url: str, database_url: str, namespace: str = "") -> None:
    """Topics, schemas and migrations, in this order."""
    space = Namespace(namespace)
    apply_topics(Cluster(bootstrap), space)
    apply_schemas(registry_url, space)
    migrations.upgrade(database_url)
