"""What a server may have against what this version declares, in one line."""

from confluent_kafka import KafkaError, KafkaException

from ops.provision import ProvisionError
from storage.errors import StorageError
from wire.errors import WireError

PROBLEMS = (ProvisionError, StorageError, WireError, KafkaException, TimeoutError)
"""What `ops.provision` may raise where nothing is wrong with our code."""


def said(problem: Exception) -> str:
    """The problem in the server's or our own words."""
    if isinstance(problem, KafkaException) and problem.args and isinstance(problem.args[0], KafkaError):
        return f"Kafka: {problem.args[0].str()}"
    return " ".join(str(problem).split()) or "a server did not answer in time"
