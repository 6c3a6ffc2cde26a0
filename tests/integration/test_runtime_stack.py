"""The stack the other tests stand on: real servers, isolated by module."""

import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from tests.stack import Stack

pytestmark = pytest.mark.integration


def test_each_module_has_topics_of_its_own(stack: Stack, namespace: str) -> None:
    known = AdminClient({"bootstrap.servers": stack.bootstrap}).list_topics(timeout=10).topics
    assert f"{namespace}interactions" in known


def test_each_module_has_a_migrated_database_of_its_own(database: str) -> None:
    with psycopg.connect(database) as session:
        found = session.execute("SELECT to_regclass('interaction_events') IS NOT NULL").fetchone()
    assert found == (True,)
