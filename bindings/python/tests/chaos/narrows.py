"""A way to the server that takes little at a time, as a network does.

Sockets that lead through it are full now and then, which on one machine they hardly are.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing, suppress
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

# Of an Ethernet. The system makes room in a socket by the packets that it sends, and those of a machine to
# itself are 64 KiB long.
PACKET = 1448
ROOM = 64 << 10
# What is passed on at once, and the pause after some of that: a machine that is busy makes it a long one.
PIECE = 32 << 10
PIECES = 8
PAUSE = 0.001


class Narrows:
    """Passes connections on to a port of this machine; leaving the `with` breaks them."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="narrows")

    def __enter__(self) -> Self:
        listener = socket.socket()
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, PACKET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        listener.bind(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        """Where clients connect."""
        self._listening = self._loop.run_until_complete(asyncio.start_server(self._pass, sock=listener))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _pass(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        with closing(to_client), suppress(OSError, asyncio.CancelledError):
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server)
            with closing(to_server):
                ways = [
                    asyncio.ensure_future(_squeeze(from_client, to_server, PAUSE)),
                    asyncio.ensure_future(_squeeze(from_server, to_client, 0)),
                ]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)


async def _squeeze(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pause: float) -> None:
    """Until either side has left."""
    passed = 0
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
        passed += len(piece)
        if passed >= PIECES * PIECE:
            passed = 0
            await asyncio.sleep(pause)
