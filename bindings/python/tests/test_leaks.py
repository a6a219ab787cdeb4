"""B07: nothing grows, however often it is made, used and closed."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import keyrotor
import pytest
from emulator import Emulator
from identities import alone
from lifecycle import held, settled

LIMIT_BYTES = 1_000_000
LONG = "KEYROTOR_LEAK_ROUNDS"
"""Rounds of each kind; unset, a short run. The promise is 10,000."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Pytest keeps every record."""
    logger = logging.getLogger("keyrotor")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


def rounds(short: int) -> int:
    """How many, of which the first fifth is for warming up."""
    return int(os.environ.get(LONG, short))


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def grown(use: Callable[[], object], all_rounds: int) -> tuple[int, bool]:
    """What the later rounds added to the memory, and whether they left no thread and no descriptor."""
    for _ in range(all_rounds // 5):
        use()
    before, holding = resident(), settled(held(), 0)
    for _ in range(all_rounds - all_rounds // 5):
        use()
    grew = resident() - before
    print(f"{all_rounds} rounds: {grew} bytes more after the first fifth")  # noqa: T201
    return grew, settled(holding) <= holding


def a_manager() -> None:
    with keyrotor.TokenManager(REQUEST) as manager, manager.subscribe(lambda _: None):
        manager.token()
        manager.reject(manager.refresh().generation)
        manager.status()


def a_function() -> None:
    with keyrotor.TokenManager(keyrotor.Callback(lambda: ("u", "p"))) as manager:
        manager.refresh()


def a_failure() -> None:
    def fail() -> tuple[str, str]:
        raise ValueError

    policy: keyrotor.RefreshPolicy = {"retry": {"max_attempts": 1}}
    with keyrotor.TokenManager(keyrotor.Callback(fail), refresh=policy) as manager:
        with pytest.raises(keyrotor.CredentialsError) as caught:
            manager.token()
        assert isinstance(caught.value.__cause__, ValueError)


REQUEST = alone()
LOOP = asyncio.new_event_loop()


def a_coroutine() -> None:
    async def work() -> None:
        with keyrotor.TokenManager(REQUEST) as manager:
            await manager.refresh_async()
            given_up = asyncio.ensure_future(manager.refresh_async())
            await asyncio.sleep(0)
            given_up.cancel()

    LOOP.run_until_complete(work())


@pytest.mark.parametrize("use", [a_manager, a_function, a_failure, a_coroutine])
def test_b07_managers_leave_nothing_in_memory(use: Callable[[], object]) -> None:
    grew, is_clean = grown(use, rounds(1000))
    assert grew < LIMIT_BYTES
    assert is_clean


def test_b07_clients_leave_nothing_in_memory(shared_emulator: Emulator) -> None:
    request = shared_emulator.request({"connectionTimeout": 20_000})

    def use() -> None:
        with keyrotor.Client.connect(request) as client:
            client.execute("SET", "key", "value")
            client.pipeline().execute("GET", "key").run()

    grew, is_clean = grown(use, rounds(300))
    assert grew < LIMIT_BYTES
    assert is_clean


def test_b07_clients_of_a_loop_leave_nothing_in_memory(shared_emulator: Emulator) -> None:
    request = shared_emulator.request({"connectionTimeout": 20_000})

    async def work() -> None:
        async with await keyrotor.AsyncClient.connect(request) as client:
            await client.execute("SET", "key", "value")
            await client.pipeline().execute("GET", "key").run()
            given_up = client.execute("GET", "key")
            given_up.cancel()

    grew, is_clean = grown(lambda: LOOP.run_until_complete(work()), rounds(300))
    assert grew < LIMIT_BYTES
    assert is_clean
