"""`make test-compiled`: compiles the hot modules, then runs the unit tests against them.

The same tests as ever, but for those marked `sources`. pytest must not put the project's folder in front.
"""

import os
import sys
from typing import Final, Never

from ops import compilation
from ops.compilation.build import CompilationFailed, compile_sources

FLAG: Final = "SILLAGE_TEST_COMPILED"
"""Set where the tests are meant to meet compiled modules: one of them makes sure that they do."""


def main() -> Never:
    """Becomes pytest; ends with exit code 1 where nothing could be compiled."""
    try:
        compile_sources()
    except CompilationFailed as problem:
        sys.exit(str(problem))
    pytest = (sys.executable, "-m", "pytest", "--import-mode=append", "-m", "not sources")
    os.execve(
        sys.executable,
        [*pytest, "tests/unit", *sys.argv[1:]],
        {**os.environ, **compilation.environment(), FLAG: "1"},
    )


if __name__ == "__main__":
    main()
