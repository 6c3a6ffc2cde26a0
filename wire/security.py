"""How Kafka lets us in: TLS and SASL, said once, in the words of each client."""

import ssl
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, SecretStr, model_validator

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class Security:
    """What a client needs to be let in. Files are PEM; without `ca_file` the system's authorities count."""

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism | None = None
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    key_password: str | None = None

    def __repr__(self) -> str:
        return f"Security({self.protocol}, {self.mechanism}, {self.username})"

    @property
    def encrypted(self) -> bool:
        """Whether connections are TLS."""
        return self.protocol.endswith("SSL")

    def librdkafka(self) -> dict[str, str]:
        """As entries of librdkafka's configuration; none where Kafka lets everybody in."""
        if self.protocol == "PLAINTEXT":
            return {}
        entries = {
            "security.protocol": self.protocol,
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.certificate_file,
            "ssl.key.location": self.key_file,
            "ssl.key.password": self.key_password,
        }
        return {name: value for name, value in entries.items() if value is not None}

    def aiokafka(self) -> dict[str, Any]:
        """As arguments of aiokafka's clients. Reads the files; raises OSError, which ssl.SSLError is too."""
        arguments: dict[str, Any] = {"security_protocol": self.protocol}
        if self.encrypted:
            arguments["ssl_context"] = self._context()
        if self.mechanism is not None:
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return arguments

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file, self.key_password)
        return context


PLAIN: Final = Security()
"""A Kafka that lets everybody in."""


class KafkaSecurity(BaseModel):
    """The part of a service's settings that says this; the names are the same for all services."""

    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_sasl_mechanism: Mechanism | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_ca_file: str | None = None
    kafka_ssl_certificate_file: str | None = None
    kafka_ssl_key_file: str | None = None
    kafka_ssl_key_password: SecretStr | None = None

    @property
    def kafka_security(self) -> Security:
        """The same as one value."""
        return Security(
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_sasl_username,
            _revealed(self.kafka_sasl_password),
            self.kafka_ssl_ca_file,
            self.kafka_ssl_certificate_file,
            self.kafka_ssl_key_file,
            _revealed(self.kafka_ssl_key_password),
        )

    @model_validator(mode="after")
    def _whole(self) -> "KafkaSecurity":
        """Half of it would be sent in the clear, or silently not at all."""
        protocol = self.kafka_security_protocol
        sasl = (self.kafka_sasl_mechanism, self.kafka_sasl_username, self.kafka_sasl_password)
        if protocol.startswith("SASL") and None in sasl:
            raise ValueError(
                f"SILLAGE_KAFKA_SECURITY_PROTOCOL is {protocol}: set SILLAGE_KAFKA_SASL_MECHANISM,"
                " SILLAGE_KAFKA_SASL_USERNAME and SILLAGE_KAFKA_SASL_PASSWORD as well"
            )
        if not protocol.startswith("SASL") and any(given is not None for given in sasl):
            raise ValueError(
                f"SILLAGE_KAFKA_SASL_… is set, but SILLAGE_KAFKA_SECURITY_PROTOCOL is {protocol}: set it to"
                " SASL_SSL (or SASL_PLAINTEXT), or take the others out"
            )
        files = (self.kafka_ssl_ca_file, self.kafka_ssl_certificate_file, self.kafka_ssl_key_file)
        if not protocol.endswith("SSL") and any(file is not None for file in files):
            raise ValueError(
                f"SILLAGE_KAFKA_SSL_… is set, but SILLAGE_KAFKA_SECURITY_PROTOCOL is {protocol}: set it to"
                " SSL or SASL_SSL, or take the others out"
            )
        return self


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
