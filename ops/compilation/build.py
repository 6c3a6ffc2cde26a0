"""Making a tree: packages are copied, mypyc compiles the hot modules, then it is put in place as a whole."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ops.compilation.hot import HOT
from ops.compilation.native import file_of
from ops.compilation.tree import PACKAGES, TREES, digest
from ops.runtime.home import PROJECT

_SLOTS: Final = re.compile(r"^(\s*@dataclass\(.*?)(?:, slots=True|slots=True, |slots=True)", re.MULTILINE)
"""A native class has slots anyway, and mypyc cannot have a dataclass made anew, as `slots=True` does."""


class CompilationFailed(Exception):
    """The message says what was missing, or what the compiler said."""


def compile_sources() -> Path:
    """Compile the present sources. Returns the tree.

    Takes a minute or two of one core. Raises CompilationFailed; then nothing is changed.
    """
    _check_tools()
    TREES.mkdir(parents=True, exist_ok=True)
    made_of = digest()
    place = TREES / made_of
    if place.is_dir():
        return place
    with TemporaryDirectory(dir=TREES, prefix=".making-") as folder:
        made = Path(folder) / "tree"
        _copy(made)
        if digest() != made_of:
            raise CompilationFailed("the sources changed while they were copied: try again")
        _compile(made)
        made.rename(place)
    _remove_old(place)
    return place


def _check_tools() -> None:
    if find_spec("mypyc") is None or find_spec("setuptools") is None:
        raise CompilationFailed("mypyc and setuptools are needed, which `make setup` installs")
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        raise CompilationFailed("a C compiler is needed: apt-get install gcc python3-dev")


def _remove_old(place: Path) -> None:
    """The tree before this one stays: services may be running it."""
    others = [tree for tree in TREES.iterdir() if tree != place and not tree.name.startswith(".")]
    for other in sorted(others, key=lambda tree: tree.stat().st_mtime)[:-1]:
        shutil.rmtree(other)


def _copy(made: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, made / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", made)
    for module in HOT:
        file = made / file_of(module)
        file.write_text(without_slots(file.read_text()))


def without_slots(source: str) -> str:
    """The source of a module whose dataclasses are not made anew to give them slots."""
    return _SLOTS.sub(r"\1", source)


def _compile(made: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ops.compilation.native"],
        cwd=made,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CompilationFailed(f"mypyc or the C compiler said:\n{done.stdout[-4_000:]}")
    shutil.rmtree(made / "build")
