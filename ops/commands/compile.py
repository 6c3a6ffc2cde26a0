"""`sillage compile`: the hot modules as machine code, for services that have much to do."""

import time

import typer
from rich.console import Console
from rich.text import Text

from ops.compilation.build import CompilationFailed, compile_sources
from ops.compilation.hot import HOT


def compile() -> None:
    """Compile the hot modules with mypyc; services started after that run them. Needs a C compiler.

    Nothing to do where the sources are compiled as they are. Exit code 1: it could not be done, and the
    services run the sources, as they do without this command.
    """
    console = Console()
    began = time.monotonic()
    try:
        with console.status(f"Compiling {len(HOT)} modules; that takes a minute or two"):
            tree = compile_sources()
    except CompilationFailed as problem:
        console.print(Text(str(problem), style="red"), soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(f"{len(HOT)} modules, {time.monotonic() - began:.0f} s: {tree}", soft_wrap=True)
    console.print("`sillage up` starts services with them; what runs now goes on as it is.", style="dim")
