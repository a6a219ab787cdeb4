"""One scenario in a process of its own: `scenarios.py NAME ROUNDS PLACE LENGTH` prints its figures."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import keyrotor
from contenders import (
    LOGIN,
    AsyncGet,
    Get,
    awaited,
    bare,
    blocking,
    with_passwords,
    with_passwords_awaited,
)
from places import CLUSTER_KEYS, KEYS, Place
from turns import Figures, Turn, in_turn, in_turn_awaited

CALLS = 1500
TASKS = 100
CALLS_OF_A_TASK = 60
THREADS = 8
CALLS_OF_A_THREAD = 500
TOKENS = 50_000
SIGNATURES = 500
BOTOCORE = Path(__file__).parents[3] / "core" / "benches" / "signing" / "botocore_signer.py"


class Scenario:
    """How it is measured: where, what is asked for, and how often."""

    def __init__(self, place: Place, length: int, rounds: int) -> None:
        self.place = place
        self.rounds = rounds
        self.keys = CLUSTER_KEYS if place.is_cluster else [KEYS[length]]

    def asked(self, calls: int) -> list[str]:
        """The keys of so many calls."""
        return list(islice(cycle(self.keys), calls))

    def in_turn(self, clients: Mapping[str, Get], one: Callable[[Get], Turn], turns: int = 5) -> Figures:
        """Each client's turns."""
        return in_turn(self.rounds, turns, {name: partial(one, get) for name, get in clients.items()})

    async def in_turn_awaited(
        self, clients: Mapping[str, AsyncGet], one: Callable[[AsyncGet], Awaitable[Turn]], turns: int = 5
    ) -> Figures:
        """The same on the running loop."""
        for get in clients.values():
            # redis-py's cluster does not stand a hundred first calls at once.
            await get(self.keys[0])
        contenders = {name: partial(one, get) for name, get in clients.items()}
        return await in_turn_awaited(self.rounds, turns, contenders)

    def one_by_one(self, get: Get) -> Turn:
        """Blocking calls, one after the other."""
        times, meter = [], Meter()
        for key in self.asked(CALLS):
            before = time.perf_counter_ns()
            get(key)
            times.append(time.perf_counter_ns() - before)
        return {"p50 us": median(times) / 1000, **meter.read(CALLS)}

    async def one_by_one_awaited(self, get: AsyncGet) -> Turn:
        """Awaited calls, one after the other."""
        times, meter = [], Meter()
        for key in self.asked(CALLS):
            before = time.perf_counter_ns()
            await get(key)
            times.append(time.perf_counter_ns() - before)
        return {"p50 us": median(times) / 1000, **meter.read(CALLS)}

    async def at_once(self, get: AsyncGet) -> Turn:
        """A hundred in flight."""

        async def work(keys: list[str]) -> None:
            for key in keys:
                await get(key)

        keys = self.asked(TASKS * CALLS_OF_A_TASK)
        meter = Meter()
        await asyncio.gather(*(work(keys[task::TASKS]) for task in range(TASKS)))
        return meter.read(TASKS * CALLS_OF_A_TASK)

    def on_threads(self, get: Get) -> Turn:
        """Eight threads on one client."""
        ready = threading.Barrier(THREADS + 1)

        def work() -> None:
            keys = self.asked(CALLS_OF_A_THREAD)
            ready.wait()
            for key in keys:
                get(key)

        workers = [threading.Thread(target=work) for _ in range(THREADS)]
        for worker in workers:
            worker.start()
        ready.wait()
        meter = Meter()
        for worker in workers:
            worker.join()
        return meter.read(THREADS * CALLS_OF_A_THREAD)


class Meter:
    """Time that passes, and time of cores: of all threads of this process."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._used = time.process_time()

    def read(self, calls: int) -> Turn:
        """What so many calls came to."""
        used, passed = time.process_time() - self._used, time.perf_counter() - self._begun
        return {"CPU us": used / calls * 1e6, "ops/s": calls / passed}


def sequential(of: Scenario) -> Figures:
    """Blocking clients, one call after the other."""
    return of.in_turn({**blocking(of.place), **bare(of.place)}, of.one_by_one)


def threads(of: Scenario) -> Figures:
    """Blocking clients, shared by threads."""
    return of.in_turn(blocking(of.place), of.on_threads, turns=3)


def provider(of: Scenario) -> Figures:
    """redis-py by our provider, one call after the other."""
    return of.in_turn(with_passwords(of.place), of.one_by_one, turns=9)


def awaited_sequential(of: Scenario) -> Figures:
    """asyncio's clients, one call after the other."""

    async def main() -> Figures:
        async with AsyncExitStack() as stack:
            return await of.in_turn_awaited(await awaited(of.place, stack), of.one_by_one_awaited)

    return asyncio.run(main())


def awaited_at_once(of: Scenario) -> Figures:
    """asyncio's clients, a hundred calls in flight."""

    async def main() -> Figures:
        async with AsyncExitStack() as stack:
            return await of.in_turn_awaited(await awaited(of.place, stack), of.at_once, turns=3)

    return asyncio.run(main())


def provider_awaited(of: Scenario) -> Figures:
    """redis-py's asyncio by our provider, one call after the other."""

    async def main() -> Figures:
        async with AsyncExitStack() as stack:
            clients = await with_passwords_awaited(of.place, stack)
            return await of.in_turn_awaited(clients, of.one_by_one_awaited, turns=9)

    return asyncio.run(main())


def token(of: Scenario) -> Figures:
    """`manager.token()` with a token at hand: the time of a core, whoever else wants it."""
    with keyrotor.TokenManager(LOGIN) as manager:
        manager.token()

        def ours() -> Turn:
            return {"ns": _looped(manager.token, TOKENS, time.thread_time_ns)}

        return in_turn(of.rounds, 5, {"keyrotor": ours})


def signing(of: Scenario) -> Figures:
    """A token that is signed afresh, with keys at hand."""
    command = [sys.executable, str(BOTOCORE)]
    pipe = subprocess.PIPE
    with (
        keyrotor.TokenManager(LOGIN) as manager,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other,
    ):
        orders, answers = other.stdin, other.stdout
        if orders is None or answers is None or answers.readline() != "ready\n":
            sys.exit("botocore is missing: run scripts/setup")

        def botocore() -> Turn:
            print(SIGNATURES, file=orders, flush=True)
            return {"tokens/s": 1e9 / float(answers.readline())}

        def ours() -> Turn:
            return {"tokens/s": 1e9 / _looped(manager.refresh, SIGNATURES, time.perf_counter_ns)}

        figures = in_turn(of.rounds, 5, {"keyrotor": ours, "botocore": botocore})
        orders.close()
        return figures


def _looped(call: Callable[[], object], calls: int, clock: Callable[[], int]) -> float:
    """Nanoseconds of one."""
    before = clock()
    for _ in range(calls):
        call()
    return (clock() - before) / calls


SCENARIOS = {
    "sequential": sequential,
    "threads": threads,
    "provider": provider,
    "awaited-sequential": awaited_sequential,
    "awaited-at-once": awaited_at_once,
    "provider-awaited": provider_awaited,
    "token": token,
    "signing": signing,
}

if __name__ == "__main__":
    name, rounds, place, length = sys.argv[1:]
    print(json.dumps(SCENARIOS[name](Scenario(Place(**json.loads(place)), int(length), int(rounds)))))
