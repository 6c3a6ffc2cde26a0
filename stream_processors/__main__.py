"""Run one stream worker: `python -m stream_processors`.

A killed worker's partitions wait for its successor's imports, so what those would do in vain is left out.
"""

import gc
import os
import sys

COLLECT_AFTER = (50_000, 20, 20)
"""Objects and generations between garbage collections: events by the thousand come and go without cycles."""


def main() -> None:
    """Import the worker, then run it."""
    # Imports make objects by the hundred thousand, and none of them is garbage.
    gc.disable()
    # numpy, which the sketches' library asks for, would start threads to multiply matrices with.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # structlog would load it for tracebacks; ours are plain, or JSON.
    sys.modules["rich"] = None  # type: ignore[assignment]
    from stream_processors.worker import main as work

    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()
    work()


if __name__ == "__main__":
    main()
