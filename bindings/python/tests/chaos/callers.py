"""Clients in the hands of actors, which are coroutines: tasks of a loop, or threads that drive one each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any, Protocol

import keyrotor

Command = Sequence[str | bytes | int]


class GivenUp(Exception):  # noqa: N818 (nothing is wrong)
    """Nobody wanted to wait for the reply any more; the command may have run."""


class Caller(Protocol):
    """What actors do with a client. Each may wait in these alone."""

    async def execute(self, *command: str | bytes | int) -> Any:
        """A command."""

    async def execute_within(self, patience: float, *command: str | bytes | int) -> Any:
        """A command that is given up after so many seconds."""

    async def together(self, commands: Sequence[Command]) -> list[Any]:
        """Commands side by side, as far as that is possible here; errors among the replies."""

    async def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """Commands in one piece; errors among the replies."""

    async def count_up(self, key: str) -> tuple[int, int] | None:
        """The number that was read under watch and the next one, written; `None` if another was faster."""

    async def refresh(self) -> None:
        """A new token."""

    async def log_in(self) -> None:
        """New logins."""

    async def pause(self, seconds: float) -> None:
        """Lets others have their turn."""


class OnLoop:
    """A task's."""

    def __init__(self, client: keyrotor.AsyncClient) -> None:
        self._client = client
        self._dice = Random(0)

    async def execute(self, *command: str | bytes | int) -> Any:
        return await self._client.execute(*command)

    async def execute_within(self, patience: float, *command: str | bytes | int) -> Any:
        try:
            if self._dice.random() < 0.5:
                return await asyncio.wait_for(self._client.execute(*command), patience)
            return await self._client.execute(*command, timeout=patience)
        except asyncio.TimeoutError as error:
            raise GivenUp from error
        except keyrotor.RequestError as error:
            raise (GivenUp() if error.name == "request-timeout" else error) from error

    async def together(self, commands: Sequence[Command]) -> list[Any]:
        calls = [self._client.execute(*command) for command in commands]
        return list(await asyncio.gather(*calls, return_exceptions=True))

    async def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline()
        for command in commands:
            pipeline.execute(*command)
        return await pipeline.run()

    async def count_up(self, key: str) -> tuple[int, int] | None:
        async with await self._client.watch(key) as watch:
            read = int(await watch.execute("GET", key) or 0)
            replies = await watch.exec(self._client.pipeline(atomic=True).execute("INCR", key))
        return None if replies is None else (read, _only(replies))

    async def refresh(self) -> None:
        await self._client.refresh()

    async def log_in(self) -> None:
        await self._client.reauthenticate_now()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class OnThread:
    """A thread's. Each wait holds the thread, so that nothing is left to await."""

    def __init__(self, client: keyrotor.Client) -> None:
        self._client = client

    async def execute(self, *command: str | bytes | int) -> Any:
        return self._client.execute(*command)

    async def execute_within(self, patience: float, *command: str | bytes | int) -> Any:
        try:
            return self._client.execute(*command, timeout=patience)
        except keyrotor.RequestError as error:
            raise (GivenUp() if error.name == "request-timeout" else error) from error

    async def together(self, commands: Sequence[Command]) -> list[Any]:
        replies: list[Any] = []
        for command in commands:
            try:
                replies.append(self._client.execute(*command))
            except keyrotor.Error as error:
                replies.append(error)
        return replies

    async def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline()
        for command in commands:
            pipeline.execute(*command)
        return pipeline.run()

    async def count_up(self, key: str) -> tuple[int, int] | None:
        with self._client.watch(key) as watch:
            read = int(watch.execute("GET", key) or 0)
            replies = watch.exec(self._client.pipeline(atomic=True).execute("INCR", key))
        return None if replies is None else (read, _only(replies))

    async def refresh(self) -> None:
        self._client.refresh()

    async def log_in(self) -> None:
        self._client.reauthenticate_now()

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)


def _only(replies: list[Any]) -> int:
    (reply,) = replies
    if isinstance(reply, keyrotor.Error):
        raise reply
    return int(reply)


def drive(actor: Coroutine[Any, Any, None]) -> None:
    """Runs an actor on this thread."""
    try:
        actor.send(None)
    except StopIteration:
        return
    message = "an actor waits elsewhere"
    raise AssertionError(message)
