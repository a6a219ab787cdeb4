"""What one further client of this process weighs: `further_client.py CONTENDER KIND PLACE` prints JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from contenders import AsyncGet, Get, awaited_client, blocking_client
from places import KEYS, Place
from turns import Turn

FIRST = 20
"""Before anything is weighed: the allocators' own memory is there then."""
FURTHER = 200


def _blocking(name: str, place: Place) -> Turn:
    def connected(count: int) -> list[Get]:
        clients = [blocking_client(name, place) for _ in range(count)]
        for get in clients:
            get(KEYS[100])
        return clients

    kept = connected(FIRST)
    scale = Scale()
    kept += connected(FURTHER)
    return scale.read()


async def _awaited(name: str, place: Place) -> Turn:
    async def connected(count: int, stack: AsyncExitStack) -> list[AsyncGet]:
        clients = [await awaited_client(name, place, stack) for _ in range(count)]
        for get in clients:
            await get(KEYS[100])
        return clients

    async with AsyncExitStack() as stack:
        kept = await connected(FIRST, stack)
        scale = Scale()
        kept += await connected(FURTHER, stack)
        return scale.read()


class Scale:
    """What this process weighed, and its threads."""

    def __init__(self) -> None:
        self._pages, self._threads = self._now()

    def read(self) -> Turn:
        """What one client more comes to."""
        pages, threads = self._now()
        kib = (pages - self._pages) * os.sysconf("SC_PAGE_SIZE") / 1024
        return {"KiB": kib / FURTHER, "threads": (threads - self._threads) / FURTHER}

    @staticmethod
    def _now() -> tuple[int, int]:
        gc.collect()
        resident = int(Path("/proc/self/statm").read_text().split()[1])
        return resident, len(list(Path("/proc/self/task").iterdir()))


if __name__ == "__main__":
    name, kind, place = sys.argv[1:]
    there = Place(**json.loads(place))
    print(json.dumps(_blocking(name, there) if kind == "blocking" else asyncio.run(_awaited(name, there))))
