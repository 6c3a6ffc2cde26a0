"""Our worker with its session agent alone: the work that the other programs do too.

`python -m stream_processors` always runs both agents in one process. Here everything is the same, but the
perfume agent is left out before anything starts.
"""

from dataclasses import replace

from stream_processors import __main__, worker
from stream_processors.app import Worker, build
from stream_processors.settings import Settings


def sessions_only(settings: Settings) -> Worker:
    """The worker without the agent that reads perfume-activity."""
    worker = build(settings)
    return replace(
        worker, agents=[agent for agent in worker.agents if agent.engine.job.application == "session-agent"]
    )


if __name__ == "__main__":
    worker.build = sessions_only  # type: ignore[attr-defined]
    __main__.main()
