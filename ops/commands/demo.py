"""`sillage demo`: send a lifelike clickstream and show that every count agrees."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ops.demo.clickstream import requests
from ops.demo.reckoning import Reckoning, Sources, reckon
from ops.demo.sender import Gateway, GatewayAway, Tally, send
from ops.demo.trending import Trending
from ops.runtime.home import DEVELOPMENT_HOME
from ops.runtime.instance import Instance
from ops.runtime.status import Status

NOT_RUNNING = 3
DISAGREE = 1


def demo(
    events: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many events to send.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Which made-up visitors; the same seed, the same visits.")] = 1,
    run: Annotated[str, typer.Option(help="Name of the run; repeat one to send its retries.")] = "",
    home: Annotated[Path, typer.Option(envvar="SILLAGE_HOME", help="Instance folder.")] = DEVELOPMENT_HOME,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON object.")] = False,
) -> None:
    """Send a seeded clickstream over HTTP, then show what was accepted and stored, and whether it agrees.

    Needs a running pipeline (`sillage up`). Exit code 0: the counts agree; 1: they do not; 3: nothing runs.
    """
    console = Console(stderr=as_json)
    status = Instance(home).status()
    if not status.running:
        console.print("Nothing runs. Start the pipeline first: [bold]sillage up --detach[/]")
        raise typer.Exit(NOT_RUNNING)
    name = run or f"demo-{time.strftime('%H%M%S')}"
    began = time.monotonic()
    try:
        tally = _send(console, status, name, seed, events)
    except* GatewayAway as away:
        console.print(f"[red]{away.exceptions[0]}[/]. See `sillage status` and `sillage logs gateway`.")
        raise typer.Exit(DISAGREE) from None
    sent_in = time.monotonic() - began
    sources = Sources(status.state.database_url(), status.as_object()["live"], status.state.secret_key)
    with console.status("waiting until everything has arrived everywhere"):
        found = reckon(sources, name, tally)
    if as_json:
        told = {"run": name, "sent_again": tally.again, "refused_by_status": dict(tally.refused)}
        sys.stdout.write(json.dumps(told | found.as_object()) + "\n")
    else:
        _show(console, name, tally, found, sent_in)
    raise typer.Exit(0 if found.agrees else DISAGREE)


def _trends(found: Trending) -> Table:
    table = Table(title="Trending now (all runs)", title_justify="left")
    table.add_column("perfume")
    table.add_column("live score", justify="right")
    table.add_column("recounted from the stored events", justify="right")
    for trend in found.first:
        recounted = "-" if trend.recounted is None else f"{trend.recounted:,.2f}"
        table.add_row(trend.perfume_id, f"{trend.live:,.2f}", recounted)
    return table


def _send(console: Console, status: Status, run: str, seed: int, events: int) -> Tally:
    where = status.as_object()
    gateway = Gateway(where["gateway"], where["origin"], where["publishable_key"])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"sending {run}", total=events)
        stream = requests(run, seed, events, time.time_ns() // 1_000_000)
        return send(gateway, stream, lambda count: progress.advance(task, count))


def _show(console: Console, run: str, tally: Tally, found: Reckoning, seconds: float) -> None:
    table = Table(title=f"Run {run}", title_justify="left", show_header=False)
    table.add_row("events accepted over HTTP", f"{found.accepted:,}")
    table.add_row("events rejected, on purpose invalid", f"{tally.rejected:,}")
    for status, times in sorted(tally.refused.items()):
        table.add_row(f"[red]requests answered {status}[/]", f"{times:,}")
    table.add_row("requests, of these sent again", f"{tally.requests:,}, {tally.again:,}")
    table.add_row("sending took", f"{seconds:.1f} s")
    table.add_section()
    table.add_row(
        "raw rows in PostgreSQL, of these distinct", f"{found.raw_rows:,}, {found.distinct_raw_rows:,}"
    )
    table.add_row("of people, not bots", f"{found.human_rows:,}")
    table.add_row("sessions in PostgreSQL", f"{found.sessions:,}")
    table.add_row("sum of events over sessions", f"{found.events_in_sessions:,}")
    table.add_row(
        "live sessions asked, of these agreeing", f"{found.live_sampled:,}, {found.live_agreeing:,}"
    )
    console.print(table)
    console.print(_trends(found.trending))
    if found.agrees:
        console.print(
            "[green]All counts agree.[/] Look around: [bold]sillage db query[/], [bold]sillage status[/]"
        )
    else:
        console.print("[red]The counts do not agree.[/] See `sillage status` and `sillage logs`.")
