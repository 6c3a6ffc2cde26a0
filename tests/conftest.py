"""Fixtures for tests on the real servers: one stack a run, a namespace and a database for each module."""

import os
import secrets
import tempfile
from collections.abc import Iterator

import httpx
import pytest
from confluent_kafka.admin import AdminClient
from hypothesis import HealthCheck, settings

from ops.provision import apply_schemas, apply_topics
from schemas.topics import TOPICS, Namespace
from storage import migrations
from tests.stack import Stack, choose
from wire.clients import Cluster

# How fast examples are made says more about the machine than about the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A gateway that a test starts without saying where its spool is has one that goes with this run.
_spool = tempfile.TemporaryDirectory(prefix="sillage-spool-")
os.environ.setdefault("SILLAGE_SPOOL_DIR", _spool.name)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Kafka, registry and PostgreSQL, started when the first test asks for them."""
    with choose() as servers:
        yield servers


@pytest.fixture(scope="module")
def namespace(stack: Stack) -> Iterator[str]:
    """A topic prefix of this module's own, such as "t3f9a."; its topics and schemas exist, and go with it."""
    yield from _provisioned(stack)


@pytest.fixture(scope="module")
def second_namespace(stack: Stack) -> Iterator[str]:
    """Another one beside it."""
    yield from _provisioned(stack)


def _provisioned(stack: Stack) -> Iterator[str]:
    space = Namespace(f"t{secrets.token_hex(3)}.")
    apply_topics(Cluster(stack.bootstrap), space)
    apply_schemas(stack.registry_url, space)
    yield space.prefix
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    for deleted in admin.delete_topics([space.topic(topic) for topic in TOPICS]).values():
        deleted.result(timeout=60)
    for topic in TOPICS:
        if topic.value is not None:
            httpx.delete(f"{stack.registry_url}/subjects/{space.subject(topic)}", timeout=60)


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[str]:
    """DSN of a migrated database of this module's own, dropped at the end."""
    with stack.database(f"t_{secrets.token_hex(6)}") as url:
        migrations.upgrade(url)
        yield url
