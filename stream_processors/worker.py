"""One stream worker's process: from its settings to its exit code."""

import asyncio
import signal
from collections.abc import Sequence
from typing import Any

import structlog
import uvloop
from aiohttp import ClientSession, web
from pydantic import ValidationError

from stream_processors.app import Running, Worker, build
from stream_processors.engine.crash import end_now, or_exit
from stream_processors.errors import EXIT_LOUD_STOP, EXIT_RESTART
from stream_processors.live.twins import Peers, refuse_twin
from stream_processors.sessions.agent import SessionAgent
from stream_processors.settings import Settings
from telemetry.logs import configure
from wire.errors import WireError

log = structlog.get_logger()

PAUSE_S = 1.0
STOP_S = 10.0

CHATTY = ("aiokafka", "faust", "mode", "stream_processors.engine.fetch")
"""Libraries, and the consumer under Faust, that tell each step; only their warnings are kept."""


async def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT (exit code 0) or a crash (70)."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    worker = await or_exit(_made(settings))
    edge = web.AppRunner(worker.live, access_log=None)
    await edge.setup()
    await web.TCPSite(edge, settings.live_host, settings.live_port).start()
    try:
        return await or_exit(_process(worker, stopping))
    finally:
        await edge.cleanup()


async def _made(settings: Settings) -> Worker:
    """The worker, once it is sure that no other has its id.

    Waits a little for Kafka and the registry: while they are away, nobody is served by start after start.
    """
    made = asyncio.to_thread(build, settings)
    try:
        worker, _ = await asyncio.gather(made, _alone(settings))
    except WireError:
        await asyncio.sleep(PAUSE_S)
        raise
    return worker


async def _alone(settings: Settings) -> None:
    group = settings.topics.group(SessionAgent.application)
    async with ClientSession() as client:
        peers = Peers(settings.cluster, group, settings.instance_id, client)
        await refuse_twin(peers.namesakes, peers.ask, settings.session_timeout_ms / 1000)


async def _process(worker: Worker, stopping: asyncio.Event) -> int:
    for agent in worker.agents:
        agent.faust.finalize()
        agent.engine.source = agent.faust.consumer
    working = [
        asyncio.create_task(or_exit(work))
        for agent in worker.agents
        for work in (agent.engine.run(), agent.watch())
    ]
    crashed = await _started(worker, stopping)
    log.info("stopping", asked=not crashed)
    for task in working:
        task.cancel()
    for agent in worker.agents:
        await agent.engine.close()
    code = EXIT_RESTART if crashed else 0
    await stopped(worker.agents, code)
    return code


async def _started(worker: Worker, stopping: asyncio.Event) -> bool:
    """Start Faust, and wait until it crashed (True) or the worker was asked to stop.

    Faust's start takes as long as the first takeover, and whoever asks meanwhile is not to wait for it.
    """
    starting = asyncio.gather(*(agent.faust.start() for agent in worker.agents))
    ending = asyncio.create_task(_until_asked_or_crashed(worker, stopping))
    either: set[asyncio.Future[Any]] = {starting, ending}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
    return await ending


async def stopped(agents: Sequence[Running], code: int, seconds: float = STOP_S) -> None:
    """Stop the Faust apps, once everything is written; end the process with `code` where one does not.

    aiokafka's consumer can wait for ever when it is closed amid a rebalance and has lost its coordinator.
    """
    stopping = [asyncio.create_task(agent.faust.stop()) for agent in agents]
    done, pending = await asyncio.wait(stopping, timeout=seconds)
    if pending:
        log.warning("the consumer does not stop; ending without it", code=code)
        end_now(code)
    for task in done:
        task.result()


async def _until_asked_or_crashed(worker: Worker, stopping: asyncio.Event) -> bool:
    """Wait; whether it was a crash of one of the Faust apps that ended the waiting."""
    waiting = [asyncio.create_task(agent.faust.wait_for_stopped(stopping.wait())) for agent in worker.agents]
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return any(task.result() for task in done)


def main() -> None:
    """Read the settings, then run; ends the process with an exit code of `errors.py`."""
    try:
        settings = Settings()
    except ValidationError as unset:
        configure("streams")
        log.critical("settings are missing or wrong; set SILLAGE_<NAME>", problem=str(unset))
        raise SystemExit(EXIT_LOUD_STOP) from None
    configure("streams", settings.log_format, quiet=CHATTY)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise SystemExit(runner.run(run(settings)))
