"""Where the compiled form of the present sources is, if it was made."""

import hashlib
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from ops.runtime.home import PROJECT

TREES: Final = PROJECT / ".sillage" / "compiled"
PACKAGES: Final = (
    *("ingest_gateway", "stream_processors", "sinks"),
    *("schemas", "wire", "storage", "telemetry"),
)
"""What services import of ours."""

RECIPE: Final = Path(__file__).parent
"""How a tree is made is part of what it is made of."""


@cache
def compiled_tree() -> Path | None:
    """Where services import our packages from; None where the sources as they are were not compiled."""
    tree = TREES / digest()
    return tree if tree.is_dir() else None


def environment() -> Mapping[str, str]:
    """What a Python process has to be told to run compiled modules; nothing where there are none.

    It is not to look into the folder that it is started in, which may be that of the sources.
    """
    tree = compiled_tree()
    return {} if tree is None else {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}


def digest() -> str:
    """Names the sources, and the interpreter that an extension module is made for."""
    found = hashlib.sha256(str(sysconfig.get_config_var("EXT_SUFFIX")).encode())
    for file in sources():
        found.update(f"\0{file.relative_to(PROJECT)}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def sources() -> Iterator[Path]:
    """Every file that a tree is made of, in an order that is always the same."""
    for folder in (*(PROJECT / package for package in PACKAGES), RECIPE):
        yield from sorted(
            file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts
        )
