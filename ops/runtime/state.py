"""What an instance must remember: its ports and its credentials, made once."""

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ops.runtime.errors import UnusableHome
from ops.runtime.ports import HOST, Ports
from schemas.api_keys import KeyKind, new_key

DATABASE = "sillage"
SUPERUSER = "postgres"


@dataclass(frozen=True, slots=True)
class State:
    """Contents of state.json, which only its owner may read."""

    ports: Ports
    publishable_key: str
    secret_key: str
    postgres_password: str
    supervisor_password: str

    @classmethod
    def new(cls, ports: Ports) -> "State":
        """Fresh credentials, for development only."""
        return cls(
            ports=ports,
            publishable_key=new_key(KeyKind.PUBLISHABLE, "dev"),
            secret_key=new_key(KeyKind.SECRET, "dev"),
            postgres_password=secrets.token_hex(16),
            supervisor_password=secrets.token_hex(16),
        )

    @classmethod
    def load(cls, path: Path) -> "State | None":
        """The state kept there, None where none was; raises UnusableHome if it cannot be read."""
        try:
            kept = json.loads(path.read_text())
            return cls(**{**kept, "ports": Ports(**kept["ports"])})
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise UnusableHome(
                f"{path} is not readable ({error}): run `sillage down`, then remove the folder {path.parent}"
                " to begin anew (its data go with it)"
            ) from error

    def save(self, path: Path) -> None:
        """Write all or nothing."""
        write_private(path, json.dumps(asdict(self), indent=2) + "\n")

    def at(self, ports: Ports) -> "State":
        """The same instance on other ports."""
        return replace(self, ports=ports)

    @property
    def token_secret(self) -> str:
        """The HS256 secret of user tokens. It follows from the secret key: older instances have one too."""
        return hashlib.sha256(f"user tokens of {self.secret_key}".encode()).hexdigest()

    def origins(self) -> list[str]:
        """Web origins the gateway accepts: its own, and a local front end's."""
        return [
            f"http://localhost:{self.ports.gateway}",
            f"http://{HOST}:{self.ports.gateway}",
            "http://localhost:3000",
        ]

    def database_url(self, database: str = DATABASE) -> str:
        """A libpq URL of one of the server's databases, as the superuser."""
        return f"postgresql://{SUPERUSER}:{self.postgres_password}@{HOST}:{self.ports.postgres}/{database}"


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole; only its owner may read it."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)
