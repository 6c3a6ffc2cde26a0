"""Run one stream worker: `python -m stream_processors`."""

import asyncio
import gc
import signal

import structlog
import uvloop
from aiohttp import web

from stream_processors.app import Worker, build
from stream_processors.errors import EXIT_RESTART
from stream_processors.settings import Settings
from telemetry.logs import configure

log = structlog.get_logger()


async def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT (exit code 0) or a crash (70)."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    worker = await asyncio.to_thread(build, settings)
    edge = web.AppRunner(worker.live, access_log=None)
    await edge.setup()
    await web.TCPSite(edge, settings.live_host, settings.live_port).start()
    try:
        return await _process(worker, stopping)
    finally:
        await edge.cleanup()


async def _process(worker: Worker, stopping: asyncio.Event) -> int:
    app, engine = worker.faust, worker.engine
    app.finalize()
    engine.source = app.consumer
    flushing = asyncio.create_task(engine.run())
    await app.start()
    gc.freeze()  # what is loaded stays; collections need not walk it again
    stopped = await app.wait_for_stopped(stopping.wait())
    log.info("stopping", asked=stopping.is_set())
    flushing.cancel()
    await engine.close()
    await app.stop()
    return EXIT_RESTART if stopped else 0


def main() -> None:
    settings = Settings()
    configure("streams", settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise SystemExit(runner.run(run(settings)))


if __name__ == "__main__":
    main()
