"""The stream processor's settings: the only place where it reads the environment."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas.api_keys import checked_digests
from schemas.topics import Namespace
from wire.clients import Cluster
from wire.security import KafkaSecurity


class Settings(KafkaSecurity, BaseSettings):
    """Environment variables with the prefix SILLAGE_."""

    model_config = SettingsConfigDict(env_prefix="SILLAGE_", frozen=True, hide_input_in_errors=True)

    kafka_bootstrap: str = "127.0.0.1:7103"
    registry_url: str = "http://127.0.0.1:7104/apis/ccompat/v7"
    namespace: str = ""

    source_namespace: str | None = None
    """Where to read `interactions`, if not in the namespace that everything else is read from and written to:
    so a second version fills topics of its own, side by side with the first."""

    generation: int = Field(default=0, ge=0, le=2**31 - 1)
    """Told in every public row; of two rows with one key, readers keep that of the higher generation."""

    log_format: Literal["console", "json"] = "console"

    live_host: str = "127.0.0.1"
    live_port: int = 7101
    live_advertise: str = ""
    """host:port under which other workers reach this one; by default the two above."""

    secret_keys: Annotated[tuple[str, ...], NoDecode] = Field(default=(), min_length=1, validate_default=True)
    """Digests of the keys that may read live rows; at least one."""

    instance_id: str = "streams-1"
    """Kafka's group.instance.id: unique per worker, the same after its restart, so that a restart does not
    wait for a session to time out."""

    streams_data_dir: str = ".sillage/streams"
    flush_interval_ms: int = Field(default=200, ge=10, le=10_000)
    session_timeout_ms: int = Field(default=10_000, ge=6_000, le=300_000)

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return checked_digests(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def live_address(self) -> str:
        """host:port of this worker's live reads, for other workers."""
        return self.live_advertise or f"{self.live_host}:{self.live_port}"

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.kafka_bootstrap, self.kafka_security)

    @property
    def topics(self) -> Namespace:
        return Namespace(self.namespace)

    @property
    def source_topics(self) -> Namespace:
        """Where `interactions` is."""
        return self.topics if self.source_namespace is None else Namespace(self.source_namespace)
