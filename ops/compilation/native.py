"""`python -m ops.compilation.native`, in a folder with a copy of the packages: compiles the hot ones there.

A process of its own, since setuptools works on the current folder and on the command line.
"""

import sys
from pathlib import Path

from mypyc.build import mypycify
from setuptools import setup

from ops.compilation.hot import HOT


def file_of(module: str) -> Path:
    """Where a module of ours is, below the folder of the packages."""
    return Path(*module.split(".")).with_suffix(".py")


def main() -> None:
    """Make an extension module beside each hot source. Ends with exit code 1 where that fails."""
    files = [str(file_of(module)) for module in HOT]
    extensions = mypycify(["--config-file", "pyproject.toml", *files], opt_level="3", debug_level="0")
    sys.argv = ["setup.py", "--quiet", "build_ext", "--inplace"]
    setup(name="sillage-compiled", packages=[], ext_modules=extensions)


if __name__ == "__main__":
    main()
