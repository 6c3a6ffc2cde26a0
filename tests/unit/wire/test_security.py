"""Kafka's security is said once, under the same names for every service, and reaches every client whole."""

import ssl
from pathlib import Path
from typing import Any

import faust
import pytest
from confluent_kafka import Producer
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from pydantic import ValidationError

from ingest_gateway.settings import Settings as GatewaySettings
from schemas.api_keys import digest_of
from sinks.settings import Settings as SinkSettings
from stream_processors.app import _credentials
from stream_processors.settings import Settings as StreamSettings
from tests.certificates import authority
from wire.clients import Cluster, consumer_settings, producer_settings
from wire.security import PLAIN, Security

SERVICES = [GatewaySettings, StreamSettings, SinkSettings]
SASL = {
    "SILLAGE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "SILLAGE_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "SILLAGE_KAFKA_SASL_USERNAME": "sillage",
    "SILLAGE_KAFKA_SASL_PASSWORD": "do not tell",
}


def _read(service: Any, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Any:
    needed = {
        "SILLAGE_KAFKA_BOOTSTRAP": "kafka:9093",
        "SILLAGE_REGISTRY_URL": "http://registry",
        "SILLAGE_DATABASE_URL": "postgresql://db",
        "SILLAGE_SECRET_KEYS": digest_of("sk_1"),
    }
    for name, value in (needed | environment).items():
        monkeypatch.setenv(name, value)
    return service()


@pytest.fixture
def pem(tmp_path: Path) -> dict[str, str]:
    """Files of an authority, and of a client's certificate that it signed."""
    return authority(tmp_path)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_reads_the_same_names(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read(service, monkeypatch, {}).cluster == Cluster("kafka:9093", PLAIN)
    settings = _read(service, monkeypatch, SASL | {"SILLAGE_KAFKA_SSL_CA_FILE": "/etc/ca.pem"})
    assert settings.cluster.base("a-client") == {
        "bootstrap.servers": "kafka:9093",
        "client.id": "a-client",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "sillage",
        "sasl.password": "do not tell",
        "ssl.ca.location": "/etc/ca.pem",
    }
    assert "do not tell" not in f"{settings!r} {settings.cluster!r}"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"SILLAGE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "SILLAGE_KAFKA_SASL_MECHANISM"),
        (SASL | {"SILLAGE_KAFKA_SECURITY_PROTOCOL": "SSL"}, "SILLAGE_KAFKA_SECURITY_PROTOCOL"),
        ({"SILLAGE_KAFKA_SSL_CA_FILE": "/etc/ca.pem"}, "SILLAGE_KAFKA_SECURITY_PROTOCOL"),
    ],
)
def test_half_of_it_is_refused_before_anything_is_sent(
    service: Any, environment: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match=named) as refused:
        _read(service, monkeypatch, environment)
    assert "do not tell" not in str(refused.value)


def test_librdkafka_knows_all_of_its_words(pem: dict[str, str]) -> None:
    for security in (
        Security("SASL_SSL", "PLAIN", "user", "password", pem["ca"]),
        Security("SASL_PLAINTEXT", "SCRAM-SHA-256", "user", "password"),
        Security(
            "SSL",
            ca_file=pem["ca"],
            certificate_file=pem["certificate"],
            key_file=pem["key"],
            key_password="",
        ),
    ):
        cluster = Cluster("127.0.0.1:9", security)
        Producer({**producer_settings(cluster, "test"), "log_level": 0})
        assert consumer_settings(cluster, "test", "group").items() >= security.librdkafka().items()


def test_aiokafka_and_faust_are_told_the_same(pem: dict[str, str]) -> None:
    sasl = Security("SASL_SSL", "PLAIN", "user", "password", pem["ca"])
    told = sasl.aiokafka()
    context = told["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert {name: told[name] for name in told if name != "ssl_context"} == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "user",
        "sasl_plain_password": "password",
    }
    assert _without_context(credentials_to_aiokafka_auth(_credentials(sasl))) == _without_context(told)
    client = Security("SSL", ca_file=pem["ca"], certificate_file=pem["certificate"], key_file=pem["key"])
    assert credentials_to_aiokafka_auth(_credentials(client))["security_protocol"] == "SSL"
    assert isinstance(_credentials(client), faust.SSLCredentials)
    assert PLAIN.aiokafka() == {"security_protocol": "PLAINTEXT"}
    assert _credentials(PLAIN) is None


def _without_context(arguments: Any) -> dict[str, object]:
    return {
        name: str(getattr(value, "value", value))
        for name, value in arguments.items()
        if name != "ssl_context"
    }
