"""A link to a server that can be cut: then neither side hears of the other, and nobody tells them so."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

CHUNK = 64 * 1024


class CuttableLink:
    """Listens on a loopback port and passes everything on to another one, both ways, unless cut.

    What is under way when the link is cut arrives once it is mended, as over a network that was broken; who
    gave up waiting meanwhile has closed the connection, and the other side hears of it then.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._whole = asyncio.Event()
        self._passing: set[asyncio.Task[None]] = set()
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Let nothing through from now on."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self) -> None:
        """Let everything through again."""
        self._loop.call_soon_threadsafe(self._whole.set)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _listen(self) -> None:
        self._whole.set()
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            await self._whole.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
            try:
                await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
            finally:
                back.close()
        except (OSError, asyncio.CancelledError):
            pass  # either side is gone, or the link is
        finally:
            writer.close()
            self._passing.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK):
            await self._whole.wait()
            writer.write(chunk)
            await writer.drain()
        await self._whole.wait()
        writer.close()


class Links:
    """A link of its own to the same port for each name, made when it is first asked for."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._made: dict[str, CuttableLink] = {}
        self._open = ExitStack()

    def close(self) -> None:
        """Let go of all of them."""
        self._open.close()

    def __getitem__(self, name: str) -> CuttableLink:
        if name not in self._made:
            self._made[name] = self._open.enter_context(CuttableLink(self._target_port))
        return self._made[name]
