"""The supervisor's configuration as text: http://supervisord.org/configuration.html."""

import os
import shlex
import sys
from collections.abc import Iterable, Mapping

from ops.runtime.home import Home
from ops.runtime.ports import HOST
from ops.runtime.program import Group, Program
from ops.runtime.state import State

USER = "sillage"
PRIORITY: Mapping[Group, int] = {"kafka": 10, "stores": 20, "services": 30}


def configuration(home: Home, state: State, programs: Iterable[Program], owner: int | None = None) -> str:
    """The text of supervisord.ini; `owner`: pid of the process with whose end everything is to end."""
    chosen = list(programs)
    sections = [_supervisor_section(home, state)]
    sections += [_program_section(program, home) for program in chosen]
    for group, priority in PRIORITY.items():
        members = ",".join(program.name for program in chosen if program.group == group)
        if members:
            sections.append(_section(f"group:{group}", {"programs": members, "priority": str(priority)}))
    if owner is not None:
        sections.append(_guard_section(home, owner))
    return "\n".join(sections)


def _section(name: str, entries: Mapping[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in entries.items()), ""])


def _supervisor_section(home: Home, state: State) -> str:
    return "\n".join(
        [
            _section(
                "supervisord",
                {
                    "identifier": _escaped(str(home.root)),
                    "logfile": _escaped(str(home.supervisor_log)),
                    "pidfile": _escaped(str(home.root / "supervisord.pid")),
                    "childlogdir": _escaped(str(home.logs)),
                    "nodaemon": "true",
                    "silent": "true",
                    "minfds": "256",
                }
                | ({"user": "root"} if os.geteuid() == 0 else {}),
            ),
            _section(
                "inet_http_server",
                {
                    "port": f"{HOST}:{state.ports.supervisor}",
                    "username": USER,
                    "password": state.supervisor_password,
                },
            ),
            _section(
                "rpcinterface:supervisor",
                {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
            ),
        ]
    )


def _program_section(program: Program, home: Home) -> str:
    environment = ",".join(f'{key}="{_escaped(value)}"' for key, value in program.environment.items())
    return _section(
        f"program:{program.name}",
        {
            "command": _escaped(shlex.join(program.command)),
            "directory": _escaped(str(program.directory)),
            "environment": environment,
            "autostart": "false",
            "autorestart": "unexpected",
            "exitcodes": ",".join(map(str, program.final_exits)),
            # Counted as started at once: otherwise a quick exit is retried whatever its exit code says.
            "startsecs": "0",
            "stopsignal": program.stop_signal,
            "stopwaitsecs": str(program.stop_wait_s),
            "stopasgroup": "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": _escaped(str(home.log(program.name))),
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": "2",
        },
    )


def _guard_section(home: Home, owner: int) -> str:
    return _section(
        "program:guard",
        {
            "command": _escaped(shlex.join([sys.executable, "-m", "ops.runtime.guard", str(owner)])),
            "stdout_logfile": _escaped(str(home.logs / "guard.log")),
            "redirect_stderr": "true",
            "startsecs": "0",
        },
    )


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
