"""`sillage keys`: making API keys, the digests that settings hold, and user tokens to try things with."""

import json
import sys
import time
from typing import Annotated, Literal

import jwt
import typer
from rich.console import Console
from rich.text import Text

from ops.commands.connection import HomeOption
from ops.runtime.home import DEVELOPMENT_HOME
from ops.runtime.instance import Instance
from schemas.api_keys import KeyKind, digest_of, new_key, weakness_of

app = typer.Typer(
    help="API keys, their digests, and user tokens. Asks no server, keeps nothing.", no_args_is_help=True
)
JsonOption = Annotated[bool, typer.Option("--json", help="For other programs.")]

_SETTINGS = {KeyKind.SECRET: "SILLAGE_SECRET_KEYS", KeyKind.PUBLISHABLE: "SILLAGE_PUBLISHABLE_KEYS"}


@app.command("new")
def new(
    kind: Annotated[Literal["secret", "publishable"], typer.Argument(help="For a server, or for a page.")],
    label: Annotated[str, typer.Option(help="Becomes part of the key, for people: live, test.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a key. It is shown once: give it to whoever sends, and its digest to the services."""
    key_kind = KeyKind[kind.upper()]
    if label and not (label.isascii() and label.isalnum()):
        raise typer.BadParameter("letters and digits only", param_hint="--label")
    key = new_key(key_kind, label)
    if as_json:
        sys.stdout.write(json.dumps({"key": key, "digest": digest_of(key)}) + "\n")
        return
    console = Console()
    for name, value in (("key", key), ("digest", digest_of(key)), ("add it to", _SETTINGS[key_kind])):
        console.print(Text.assemble((f"{name:<10}", "dim"), value), soft_wrap=True)


@app.command("token")
def token(
    user: Annotated[str, typer.Argument(help="Becomes the token's sub, and the events' user_id.")],
    seconds: Annotated[int, typer.Option(min=1, help="How long it is valid.")] = 900,
    home: HomeOption = DEVELOPMENT_HOME,
) -> None:
    """Make a user token for the local instance, as a site's server would. Exit code 3: there is none."""
    told = Instance(home).status()
    if not told.kept:
        Console(stderr=True).print("No instance there yet: run `sillage up` first.", style="red")
        raise typer.Exit(3)
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + seconds}
    sys.stdout.write(jwt.encode(claims, told.state.token_secret, "HS256") + "\n")


@app.command("hash")
def hash_() -> None:
    """Read a key from standard input, and show its digest. Exit code 1: it is too weak to be one.

    Not an argument: those stand in the shell's history and in the list of processes.
    """
    key = sys.stdin.readline().rstrip("\r\n")
    weakness = weakness_of(key)
    if weakness is not None:
        Console(stderr=True).print(Text(weakness, style="red"), soft_wrap=True)
        raise typer.Exit(1)
    sys.stdout.write(digest_of(key) + "\n")
