"""`sillage down`."""

from rich.console import Console

from ops.commands.connection import HomeOption
from ops.runtime import DEVELOPMENT_HOME, Instance, interruption


def down(home: HomeOption = DEVELOPMENT_HOME) -> None:
    """Stop everything, services first, and what a killed supervisor left behind. Data are kept."""
    console = Console()
    instance = Instance(home)
    interruption.ignore()
    with console.status("stopping everything"):
        ended = instance.stop()
    console.print("Stopped. Data are kept." if ended else f"Nothing runs in {instance.home.root}.")
