"""Actors of one client: tasks of an event loop, or threads."""

from __future__ import annotations

import asyncio
import threading
import traceback
from typing import Any

import keyrotor
from loops import Loop, run

from chaos import actors
from chaos.callers import Caller, OnLoop, OnThread, drive
from chaos.world import World

Request = dict[str, Any]


def _names(troupe: str) -> list[tuple[actors.Actor, str]]:
    return [(actor, f"{actor.__name__}:{troupe}:{number}") for number, actor in enumerate(actors.ALL)]


async def _play(actor: actors.Actor, caller: Caller, world: World, name: str) -> None:
    try:
        await actor(caller, world, name)
    except Exception:  # noqa: BLE001 (told below)
        world.complain(f"{name} ended: {traceback.format_exc()[-500:]}")


def _check_rest(world: World, stats: keyrotor.Stats) -> None:
    """After the last call."""
    if stats["in_flight"]:
        world.complain(f"{stats['in_flight']} calls are in flight for nobody")
    for what in ("commands", "reconnects", "reauths"):
        world.count(what, stats[what])


class Tasks:
    """The tasks of a loop's client."""

    def __init__(self, name: str, loop: Loop, request: Request, world: World) -> None:
        self._name, self._request, self._world = name, request, world
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[loop], name=name)

    def begin(self) -> None:
        """Returns when all are at work."""
        self._thread.start()
        self._begun.wait()

    def end(self) -> None:
        """When the world is over."""
        self._thread.join()

    def log_in(self) -> None:
        """New logins, from another thread."""
        asyncio.run_coroutine_threadsafe(self._client.reauthenticate_now(), self._loop).result()

    def _run(self, loop: Loop) -> None:
        try:
            run(loop, self._main())
        except Exception:  # noqa: BLE001 (told below)
            self._world.complain(f"{self._name} ended: {traceback.format_exc()[-500:]}")
        finally:
            self._begun.set()

    async def _main(self) -> None:
        world = self._world
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, context: world.complain(f"the loop says: {context}"))
        self._client = await keyrotor.AsyncClient.connect(self._request)
        caller = OnLoop(self._client)
        playing = [
            asyncio.ensure_future(_play(actor, caller, world, name)) for actor, name in _names(self._name)
        ]
        self._begun.set()
        await asyncio.gather(*playing)
        _check_rest(world, self._client.stats())
        await self._client.close()


class Threads:
    """The threads that share a blocking client."""

    def __init__(self, name: str, request: Request, world: World) -> None:
        self._name, self._request, self._world = name, request, world

    def begin(self) -> None:
        """Returns when all are at work."""
        self._client = keyrotor.Client.connect(self._request)
        caller = OnThread(self._client)
        self._threads = [
            threading.Thread(target=drive, args=[_play(actor, caller, self._world, name)], name=name)
            for actor, name in _names(self._name)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """When the world is over."""
        for thread in self._threads:
            thread.join()
        _check_rest(self._world, self._client.stats())
        self._client.close()

    def log_in(self) -> None:
        """New logins."""
        self._client.reauthenticate_now()


Troupe = Tasks | Threads
