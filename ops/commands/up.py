"""`sillage up`: the whole pipeline on this machine."""

from contextlib import suppress
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from ops.commands import provisioning
from ops.commands.connection import HomeOption
from ops.runtime import DEVELOPMENT_HOME, Instance, Ports, RuntimeProblem, StartFailed, interruption, summary
from ops.runtime.follow import Follower
from ops.runtime.progress import LaunchDisplay

DetachOption = Annotated[
    bool, typer.Option("--detach", "-d", help="Return when everything is ready, instead of following logs.")
]
PortBaseOption = Annotated[
    int | None,
    typer.Option(min=1024, max=65528, help="Use this port and the seven after it (7100; remembered)."),
]
PortsOption = Annotated[
    Literal["fixed", "auto"],
    typer.Option(help="auto: choose free ports (for tests; `sillage status --json` has them)."),
]
GatewaysOption = Annotated[
    int, typer.Option(min=1, max=32, help="How many gateway processes share the gateway's port.")
]
OwnerOption = Annotated[
    int | None,
    typer.Option(
        envvar="SILLAGE_OWNER_PID",
        hidden=True,
        help="For test runs: when this process ends, however it does, everything is stopped.",
    ),
]


def up(
    detach: DetachOption = False,
    port_base: PortBaseOption = None,
    ports: PortsOption = "fixed",
    gateways: GatewaysOption = 1,
    home: HomeOption = DEVELOPMENT_HOME,
    owner: OwnerOption = None,
) -> None:
    """Start Kafka, the registry, PostgreSQL, gateway, stream processor and sink, and follow their logs.

    The first start downloads Kafka and the registry. Data, logs and credentials stay in the instance folder
    and are found again by the next start. Ctrl-C, or `sillage down` from elsewhere, stops everything.
    """
    console = Console()
    try:
        instance = Instance(home, ports=_ports(port_base, ports), owner=owner, gateways=gateways)
        if (already := Instance(home)).running():
            _attach(already, console, detach=detach)
            return
        interruption.watch()
        _bring_up(instance, console)
        summary.show(console, instance.status())
        if not detach:
            console.print("Following the logs. Ctrl-C stops everything.\n", style="dim")
            Follower(instance.home, console).follow(instance)
    except RuntimeProblem as problem:
        _explain(console, problem)
        raise typer.Exit(1) from None
    except provisioning.PROBLEMS as problem:
        said = f"✗ topics, schemas, tables: {provisioning.said(problem)}. Everything was stopped."
        console.print(Text(said, style="red"), soft_wrap=True)
        raise typer.Exit(1) from None
    except interruption.Interrupted:
        _stop(instance, console)


def _ports(base: int | None, choice: str) -> Ports | None:
    if choice == "auto":
        return Ports.free()
    return None if base is None else Ports.from_base(base)


def _bring_up(instance: Instance, console: Console) -> None:
    with LaunchDisplay(console) as display:
        instance.start_servers(display)
        try:
            with display.during("provision", "topics, schemas, tables"):
                instance.provision()
            instance.start_services(display)
        except Exception:
            instance.stop()
            raise


def _attach(instance: Instance, console: Console, *, detach: bool) -> None:
    console.print(f"Already running in {instance.home.root}.")
    summary.show(console, instance.status())
    if detach:
        return
    console.print(
        "Following the logs. Ctrl-C ends only this view; `sillage down` stops everything.\n", style="dim"
    )
    with suppress(KeyboardInterrupt):
        Follower(instance.home, console).follow(instance)


def _stop(instance: Instance, console: Console) -> None:
    # The terminal may be gone: stop first, and let nothing said about it come in between.
    with suppress(OSError):
        console.print("\nStopping everything …", style="dim")
    instance.stop()
    with suppress(OSError):
        console.print("Stopped. Data are kept; `sillage up` goes on from here.")


def _explain(console: Console, problem: RuntimeProblem) -> None:
    if isinstance(problem, StartFailed):
        console.print(Text(f"✗ {problem}. Everything was stopped. The end of its log:", style="red"))
        console.print(Text(problem.log or "(empty)"), soft_wrap=True)
    else:
        console.print(Text(str(problem), style="red"), soft_wrap=True)
