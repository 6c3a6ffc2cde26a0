"""The sink's environment, read here and nowhere else."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from sinks.batch import Limits
from telemetry.logs import LogFormat
from wire.clients import Cluster
from wire.security import KafkaSecurity


class Settings(KafkaSecurity, BaseSettings):
    """Variables are named SILLAGE_ and the field's name in capitals. Raises pydantic.ValidationError."""

    model_config = SettingsConfigDict(env_prefix="SILLAGE_", str_strip_whitespace=True)

    kafka_bootstrap: Annotated[str, Field(min_length=1)]
    registry_url: Annotated[str, Field(pattern=r"^https?://")]
    database_url: Annotated[str, Field(min_length=1)]
    namespace: str = ""
    log_format: LogFormat = "console"

    sink_host: str = "127.0.0.1"
    sink_port: Annotated[int, Field(ge=0, le=65_535)] = 7102

    instance_id: str | None = None
    """Unique to each process. With one, a restarted sink has its partitions back at once."""

    sink_batch_records: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    sink_batch_bytes: Annotated[int, Field(ge=1_024)] = 16 * 1024 * 1024
    sink_linger_ms: Annotated[int, Field(ge=0, le=4_000)] = 250

    sink_session_timeout_ms: Annotated[int, Field(ge=6_000)] = 10_000
    """How long Kafka waits for a silent process before its partitions go to another."""

    @property
    def cluster(self) -> Cluster:
        """Where Kafka is, and how to be let in."""
        return Cluster(self.kafka_bootstrap, self.kafka_security)

    @property
    def limits(self) -> Limits:
        """When a batch is flushed."""
        return Limits(self.sink_batch_records, self.sink_batch_bytes, self.sink_linger_ms / 1000)
