"""Bring the servers to what this version declares: topics, schemas, database. Safe to run again."""

from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, TopicMetadata
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
    """Create missing topics, set the others' configuration as declared; returns what was done, by topic.

    Raises ProvisionError where a topic exists with another number of partitions (raising it would move keys
    away from the partition that holds their state) or with fewer replicas than asked for.
    """
    replication = replication or Replication()
    admin = AdminClient(cluster.base("sillage-topics"))
    known = admin.list_topics(timeout=ADMIN_TIMEOUT_S).topics
    missing = [topic for topic in TOPICS if namespace.topic(topic) not in known]
    present = [topic for topic in TOPICS if topic not in missing]
    for topic in present:
        _check_shape(topic, known[namespace.topic(topic)], replication)
    changed = _configure(admin, present, namespace, replication)
    _create(admin, missing, namespace, replication)
    done = {namespace.topic(topic): "updated" if topic in changed else "present" for topic in present}
    return done | {namespace.topic(topic): "created" for topic in missing}


def _check_shape(topic: Topic, found: TopicMetadata, replication: Replication) -> None:
    if len(found.partitions) != topic.partitions:
        raise ProvisionError(
            f"topic {found.topic} has {len(found.partitions)} partitions, {topic.partitions} are declared:"
            " keys would change partition. Rebuild into a new namespace instead."
        )
    replicas = min(len(partition.replicas) for partition in found.partitions.values())
    if replicas < replication.factor:
        raise ProvisionError(
            f"topic {found.topic} is kept by {replicas} brokers, {replication.factor} are asked for: reassign"
            " its partitions with Kafka's own tools, then apply again."
        )


def _configure(
    admin: AdminClient, topics: list[Topic], namespace: Namespace, replication: Replication
) -> list[Topic]:
    """Set what differs from the declaration; returns the topics that were changed."""
    resources = {ConfigResource(ConfigResource.Type.TOPIC, namespace.topic(topic)): topic for topic in topics}
    if not resources:
        return []
    wanted: dict[ConfigResource, Topic] = {}
    for resource, answer in admin.describe_configs(list(resources)).items():
        found = {name: entry.value for name, entry in answer.result(timeout=ADMIN_TIMEOUT_S).items()}
        declared = _config(resources[resource], replication)
        differing = {name: value for name, value in declared.items() if found.get(name) != value}
        if differing:
            wanted[_changes(resource.name, differing)] = resources[resource]
    if wanted:
        for done in admin.incremental_alter_configs(list(wanted)).values():
            done.result(timeout=ADMIN_TIMEOUT_S)
    return list(wanted.values())


def _changes(name: str, values: dict[str, str]) -> ConfigResource:
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in values.items()
    ]
    return ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)


def _config(topic: Topic, replication: Replication) -> dict[str, str]:
    return topic.config() | {"min.insync.replicas": str(replication.min_insync)}


def _create(admin: AdminClient, topics: list[Topic], namespace: Namespace, replication: Replication) -> None:
    if not topics:
        return
    wanted = [
        NewTopic(
            namespace.topic(topic),
            num_partitions=topic.partitions,
            replication_factor=replication.factor,
            config=_config(topic, replication),
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
    registry = Registry(registry_url)
    return {namespace.subject(topic): registry.register(topic, namespace) for topic in TOPICS if topic.value}


def provision(bootstrap: str, registry_url: str, database_url: str, namespace: str = "") -> None:
    """Topics, schemas and migrations, in this order."""
    space = Namespace(namespace)
    apply_topics(Cluster(bootstrap), space)
    apply_schemas(registry_url, space)
    migrations.upgrade(database_url)
