"""One scenario in a process of its own: `scenarios.py NAME PORT ROUNDS`. Prints JSON, by contender."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median

import keyrotor
from contenders import AsyncGet, Get, awaited, blocking

CALLS = 3000
TASKS = 100
THREADS = 8

Figures = dict[str, list[float]]


def sequential(port: int, rounds: int) -> Figures:
    """Microseconds of a call, p50."""
    clients = blocking(port)

    def one(get: Get) -> float:
        times = []
        for _ in range(CALLS):
            before = time.perf_counter_ns()
            get()
            times.append(time.perf_counter_ns() - before)
        return median(times) / 1000

    return in_turn(rounds, {name: partial(one, get) for name, get in clients.items()})


def threads(port: int, rounds: int) -> Figures:
    """Commands a second of eight threads on one client."""
    clients = blocking(port)

    def one(get: Get) -> float:
        def work() -> None:
            for _ in range(CALLS // THREADS):
                get()

        workers = [threading.Thread(target=work) for _ in range(THREADS)]
        before = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return CALLS / (time.perf_counter() - before)

    return in_turn(rounds, {name: partial(one, get) for name, get in clients.items()})


def awaited_one_by_one(port: int, rounds: int) -> Figures:
    """Microseconds of a call, p50, on asyncio's own loop."""

    async def one(get: AsyncGet) -> float:
        times = []
        for _ in range(CALLS):
            before = time.perf_counter_ns()
            await get()
            times.append(time.perf_counter_ns() - before)
        return median(times) / 1000

    return asyncio.run(on_loop(port, rounds, one))


def awaited_at_once(port: int, rounds: int) -> Figures:
    """Commands a second with a hundred in flight."""

    async def one(get: AsyncGet) -> float:
        async def work() -> None:
            for _ in range(2 * CALLS // TASKS):
                await get()

        before = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(TASKS)))
        return 2 * CALLS / (time.perf_counter() - before)

    return asyncio.run(on_loop(port, rounds, one))


async def on_loop(port: int, rounds: int, one: Callable[[AsyncGet], Awaitable[float]]) -> Figures:
    """As `in_turn`, on a loop."""
    clients, closes = await awaited(port)
    figures: Figures = {name: [] for name in clients}
    for turn in range(rounds + 1):
        for name, get in clients.items():
            figure = await one(get)
            if turn:  # The first is for warming up.
                figures[name].append(figure)
    for close in closes:
        await close()
    return figures


def token(_port: int, rounds: int) -> Figures:
    """Nanoseconds of `manager.token()` with a token at hand."""
    keys = keyrotor.AccessKey(
        access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )
    login = keyrotor.ElastiCache(cluster_name="c", username="u", region="eu-west-1", access_key=keys)
    with keyrotor.TokenManager(login) as manager:
        manager.token()
        ask = manager.token

        def one() -> float:
            before = time.perf_counter_ns()
            for _ in range(100_000):
                ask()
            return (time.perf_counter_ns() - before) / 100_000

        return in_turn(rounds, {"keyrotor": one})


def in_turn(rounds: int, contenders: dict[str, Callable[[], float]]) -> Figures:
    """Each contender once a round, in the same order."""
    for one in contenders.values():
        one()
    figures: Figures = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, one in contenders.items():
            figures[name].append(one())
    return figures


SCENARIOS = {
    "sequential": sequential,
    "threads": threads,
    "awaited-one-by-one": awaited_one_by_one,
    "awaited-at-once": awaited_at_once,
    "token": token,
}

if __name__ == "__main__":
    name, port, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(SCENARIOS[name](port, rounds)))
